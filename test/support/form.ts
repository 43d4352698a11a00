// Forms as applications post them.
import type { House, Reply } from './house.ts';

export interface Posted {
  path: string;
  bytes: Uint8Array<ArrayBuffer>;
  type?: string;
  filename?: string;
  /** The other fields; `messaging_product` where this is not given. */
  fields?: Record<string, string>;
  /** They stand behind the file. */
  fieldsLast?: boolean;
  headers?: Record<string, string>;
}

export async function postForm(house: Pick<House, 'gateway' | 'apiKey'>, posted: Posted): Promise<Reply> {
  const { bytes, type = 'image/png', filename = 'gambar.png', fieldsLast = false } = posted;
  const form = new FormData();
  const addFields = (): void => {
    for (const [name, value] of Object.entries(posted.fields ?? { messaging_product: 'whatsapp' }))
      form.append(name, value);
  };
  if (!fieldsLast) addFields();
  form.append('file', new Blob([bytes], { type }), filename);
  if (fieldsLast) addFields();
  const response = await fetch(house.gateway.url + posted.path, {
    method: 'POST',
    headers: { authorization: `Bearer ${house.apiKey}`, ...posted.headers },
    body: form,
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: JSON.parse(text), text };
}
