// What Meta named, as the value of a header: ids and fields are plain text by habit, not by promise, and one that is not would keep a
// delivery from ever leaving.

export function headerText(text: string): string {
  return text.replaceAll(/[^\u0021-\u007e]/gu, (char) => encodeURIComponent(char.toWellFormed()));
}
