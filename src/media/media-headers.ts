// How bytes that a stranger sent are handed to a browser: as what they were found to be, never guessed at, never run, and shown in place only
// where that is harmless.
import type { Medium } from './media.ts';

/** What a browser shows without running anything of it. SVG is a program. */
const SHOWN = /^(image\/(jpeg|png|gif|webp|avif|heic|heif|bmp)|(audio|video)\/[\w.+-]+)$/;

const EXTENSIONS: Readonly<Record<string, string>> = {
  'image/jpeg': 'jpg',
  'image/png': 'png',
  'image/webp': 'webp',
  'image/gif': 'gif',
  'video/mp4': 'mp4',
  'video/3gpp': '3gp',
  'audio/aac': 'aac',
  'audio/amr': 'amr',
  'audio/mpeg': 'mp3',
  'audio/mp4': 'm4a',
  'audio/ogg': 'ogg',
  'application/pdf': 'pdf',
  'text/plain': 'txt',
};

export function contentHeaders(medium: Medium): Record<string, string> {
  const type = medium.mimeType ?? 'application/octet-stream';
  const extension = EXTENSIONS[type];
  const name = medium.filename ?? (extension === undefined ? medium.id : `${medium.id}.${extension}`);
  return {
    'Content-Type': type,
    'Content-Disposition': `${SHOWN.test(type) ? 'inline' : 'attachment'}; ${filenameParts(name)}`,
    'X-Content-Type-Options': 'nosniff',
    'Content-Security-Policy': "default-src 'none'; sandbox",
    // The address is what grants access: it must not leave by another way.
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Resource-Policy': 'cross-origin',
  };
}

// RFC 6266: for old clients in ASCII, for all others whole. Nothing in it can end the header, the quotes, or be a path.
function filenameParts(name: string): string {
  const plain = name.toWellFormed().replaceAll(UNSAFE, '_').slice(-200).toWellFormed();
  const ascii = plain.replaceAll(/[^\u0020-\u007e]|["%]/g, '_');
  const whole = encodeURIComponent(plain).replaceAll(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);
  return `filename="${ascii}"; filename*=UTF-8''${whole}`;
}

// oxlint-disable-next-line no-control-regex -- control characters are what is taken out
const UNSAFE = /[\u0000-\u001f\u007f-\u009f/\\]/g;
