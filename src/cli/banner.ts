// What `kurir dev` says when it is ready: where things are, the key, and lines to paste: one that sends a first message, one that listens.
import { resolve } from 'node:path';

import { SETTINGS } from '../config/settings.ts';
import type { DevelopmentFile } from '../storage/data-directory.ts';
import type { Terminal } from './terminal.ts';

/** The customer of the demo who wrote a minute ago, so that a free-form message may be sent. */
const CUSTOMER = '+628111111111';

export function renderBanner(style: Terminal['noteStyle'], dev: DevelopmentFile, dataDir: string): string {
  const rows = [
    ['API', `${dev.url}/v1`],
    ['Simulator', `${dev.simulatorUrl}   stands in for Meta; nothing leaves this computer`],
    ['API key', dev.apiKey],
    ['Number', dev.phoneNumberId],
    ['Data', dataDir],
  ];
  const shown = rows.map(([name = '', value = '']) => `  ${style.dim(name.padEnd(11))} ${value}`);
  return [
    '',
    `  ${style.bold('Kurir is ready')}  ${style.dim('development mode')}`,
    '',
    ...shown,
    '',
    '  Send a first message:',
    '',
    renderCurl(dev),
    '',
    '  Hear what becomes of it, in a program of yours:',
    '',
    `${onFolder(dataDir)}npm run kurir -- listen --forward-to http://localhost:3000/hook`,
    '',
  ].join('\n');
}

// A command in another shell looks in the folder that it is told of.
function onFolder(dataDir: string): string {
  if (dataDir === resolve(SETTINGS.dataDir.default)) return '';
  const word = /^[\w./-]+$/.test(dataDir) ? dataDir : `'${dataDir.replaceAll("'", "'\\''")}'`;
  return `KURIR_DATA_DIR=${word} `;
}

/** One line for a shell; with a key, so that pasting it again repeats the first send instead of making a second one. */
export function renderCurl(dev: DevelopmentFile): string {
  const body = JSON.stringify({
    messaging_product: 'whatsapp',
    to: CUSTOMER,
    type: 'text',
    text: { body: 'Halo dari Kurir' },
  });
  return `curl -X POST ${dev.url}/v1/${dev.phoneNumberId}/messages -H 'Authorization: Bearer ${dev.apiKey}' -H 'Content-Type: application/json' -H 'Idempotency-Key: first-send' -d '${body}'`;
}
