// What a file is: what its first bytes say goes before what was told of it. What was told only refines it, where the bytes of several sorts of
// file begin alike, or where plain text has no beginning of its own.

/** What begins like a sort of container, and may be told more exactly. */
const REFINED: readonly (readonly [found: string, told: RegExp])[] = [
  [
    'application/zip',
    /^application\/(vnd\.(openxmlformats-officedocument|oasis|ms-)|epub\+zip|java-archive)/,
  ],
  ['application/x-cfb', /^application\/(msword|vnd\.ms-)/],
  ['application/ogg', /^(audio|video)\/ogg$/],
  ['audio/ogg', /^audio\/(ogg|opus)$/],
  ['audio/x-m4a', /^audio\/(mp4|aac)$/],
  ['video/mp4', /^audio\/mp4$/],
  ['video/3gpp', /^audio\/3gpp$/],
];

const UNKNOWN = 'application/octet-stream';
const TEXT = /^(text\/[\w.+-]+|application\/(json|xml))$/;

/** @param head the first bytes of the file */
export function foundType(told: string | null, found: string | undefined, head: Uint8Array): string {
  const toldEssence = essenceOf(told ?? '');
  // Without a beginning of its own a file is text or unknown, whatever else it is said to be.
  if (found === undefined) return TEXT.test(toldEssence) && !head.includes(0) ? toldEssence : UNKNOWN;
  const essence = essenceOf(found);
  const refined = REFINED.some(([one, by]) => one === essence && by.test(toldEssence));
  return refined ? toldEssence : essence;
}

/** A media type without its parameters. */
export function essenceOf(type: string): string {
  return (type.split(';', 1)[0] ?? '').trim().toLowerCase();
}
