// Arrays as PostgreSQL reads them. The driver writes them, too, but looks at each text four times; hot statements bind a dozen arrays
// of which next to no text holds anything to escape, and that was a tenth of what accepting a message cost.

/** Texts, numbers, booleans and nulls as one array literal; undefined for anything else, which is the driver's to write. */
export function arrayLiteral(values: readonly unknown[]): string | undefined {
  let literal = '';
  for (const value of values) {
    const element = elementOf(value);
    if (element === undefined) return undefined;
    literal = literal === '' ? element : `${literal},${element}`;
  }
  return `{${literal}}`;
}

function elementOf(value: unknown): string | undefined {
  if (typeof value === 'string')
    return `"${/["\\]/.test(value) ? value.replaceAll(/["\\]/g, '\\$&') : value}"`;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return value === null || value === undefined ? 'NULL' : undefined;
}
