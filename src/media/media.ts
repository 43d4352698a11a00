// A medium: what a customer sent, or what was uploaded to be sent. pending (its bytes are not here yet) → ready, or failed. What a customer
// sent has the id of its message with another prefix, so that it is known before anything is written.
export type MediaStatus = 'pending' | 'ready' | 'failed';

export interface Medium {
  organisationId: string;
  id: string;
  phoneNumberId: string;
  status: MediaStatus;
  /** As told by Meta, or as it is uploaded to Meta. */
  toldType: string | null;
  filename: string | null;
  /** What was found in the bytes; null until they are here. */
  mimeType: string | null;
  sha256: string | null;
  size: number | null;
  /** Why the latest try to fetch it failed. */
  failure: string | null;
  createdAt: Date;
}

/** The medium of a customer's message, and the message of a medium. */
export function mediaIdOf(messageId: string): string {
  return `med_${messageId.slice('msg_'.length)}`;
}

export function messageIdOf(mediaId: string): string {
  return `msg_${mediaId.slice('med_'.length)}`;
}
