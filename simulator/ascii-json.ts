// JSON as Meta writes it: no spaces, pure ASCII with lower-case \u escapes, `/` and `@` escaped. A receiver that
// re-serialises before it checks the signature fails here as it would fail there.

const ESCAPED = /[/@\u0080-\uffff]/g;
const TO_ESCAPE = /[/@\u0080-\uffff]/;

export function asciiJson(value: unknown): string {
  const text = JSON.stringify(value);
  return TO_ESCAPE.test(text) ? text.replace(ESCAPED, escaped) : text;
}

function escaped(char: string): string {
  return char === '/' ? String.raw`\/` : String.raw`\u` + char.charCodeAt(0).toString(16).padStart(4, '0');
}
