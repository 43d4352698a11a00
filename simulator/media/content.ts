// The bytes of a medium, wherever they come from: read in pieces, so that a hundred megabytes are never held whole.

export interface Content {
  size: number;
  /** The bytes from one place up to another, not included. */
  pieces(from: number, to: number): Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

/** The same size, and the same beginning, so that it looks right; its last byte is another, and its sum with it. */
export function spoiled(content: Content): Content {
  const last = content.size - 1;
  return {
    size: content.size,
    async *pieces(from, to) {
      let at = from;
      for await (const piece of content.pieces(from, to)) {
        at += piece.length;
        yield at > last ? changedAtEnd(piece) : piece;
      }
    },
  };
}

function changedAtEnd(piece: Uint8Array): Uint8Array {
  const changed = Uint8Array.from(piece);
  changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
  return changed;
}
