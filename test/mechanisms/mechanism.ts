// What a row of the list says, and how a mechanism is taken away: one edit of one file.

/** The promises of docs/mechanisms.md. */
export type PromiseNumber = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11;

/** A mechanism that a promise rests on, how it is taken away, and the test that must miss it then. */
export interface Mechanism {
  promise: PromiseNumber;
  /** Of docs/protocol.md, where it is one of its rules. */
  rule?: number;
  mechanism: string;
  file: string;
  /** Stands exactly once in the file. */
  find: string;
  replace: string;
  test: Test | { notShown: string };
}

export interface Test {
  file: string;
  /** Of the test or of what it stands in, as it is written in the file. */
  name: string;
}

/** The source without the mechanism. */
export function without(source: string, { file, find, replace }: Mechanism): string {
  const places = source.split(find).length - 1;
  if (places !== 1)
    throw new Error(`${file} holds ${places} times what is to be edited once: ${JSON.stringify(find)}`);
  return source.replace(find, () => replace);
}
