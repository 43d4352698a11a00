// What is wrong with a body, before it is an error: the place, and what was expected there. Never the caller's own text.

export interface Fault {
  /** The field's path, such as `interactive.action.sections[0].rows[2].title`. */
  path: string;
  /** The rest of a sentence that begins with the path: `must be …, found …`. */
  problem: string;
  /** The field is required and not there. */
  missing: boolean;
}

/** Whether unknown fields are refused (`closed`) or handed on to Meta (`open`). */
export type Fields = 'closed' | 'open';

export function fault(path: string, problem: string): Fault {
  return { path, problem, missing: false };
}

export function missing(path: string, problem = 'is required'): Fault {
  return { path, problem, missing: true };
}

/** How many characters people see in a text, near enough: its code points, as Meta counts. */
export function codePoints(text: string): number {
  let count = text.length;
  for (let i = 0; i < text.length - 1; i++) {
    if ((text.charCodeAt(i) & 0xfc00) === 0xd800 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) {
      count--;
      i++;
    }
  }
  return count;
}
