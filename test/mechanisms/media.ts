// Files: fetched whole or not at all, shown to nobody who may not see them, there when they are to be sent.
import type { Mechanism } from './mechanism.ts';

const INBOUND_MEDIA = 'test/walks/inbound-media.test.ts';
const UPLOADS = 'test/walks/upload-media.test.ts';

export const MEDIA: readonly Mechanism[] = [
  {
    promise: 9,
    mechanism: 'the token goes where Meta’s own answer says by https, or to the Graph',
    file: 'src/meta/transfer.ts',
    find: 'if (!mayHaveToken(url, graphUrl))',
    replace: 'if (url === graphUrl)',
    test: {
      file: INBOUND_MEDIA,
      name: 'the token goes to no address that is neither https nor the Graph’s own',
    },
  },
  {
    promise: 8,
    mechanism: 'the address of a file is signed',
    file: 'src/media/media-link.ts',
    find: '|| !equalTexts(signature, macOf(ctx, key, expires))',
    replace: '',
    test: { file: INBOUND_MEDIA, name: 'an address that was altered, or is too old, opens nothing' },
  },
  {
    promise: 1,
    mechanism: 'what was fetched has the sum that Meta told',
    file: 'src/media/fetch-one.ts',
    find: 'if (told !== null && told !== found.sha256)',
    replace: "if (told === '')",
    test: { file: INBOUND_MEDIA, name: 'is repeated, asking anew where it is' },
  },
  {
    promise: 5,
    mechanism: 'a number has so many fetches under way and no more',
    file: 'src/media/fetcher.ts',
    find: 'const AT_ONCE_PER_NUMBER = 8;',
    replace: 'const AT_ONCE_PER_NUMBER = 16;',
    test: { file: INBOUND_MEDIA, name: 'a number whose media hang leaves room for those of another' },
  },
  {
    promise: 1,
    mechanism: 'what could not be kept is fetched as soon as something is kept again',
    file: 'src/media/fetcher.ts',
    find: 'if (reason.startsWith(NOT_KEPT)) state.notKept = true;',
    replace: 'if (reason.startsWith(NOT_KEPT)) state.notKept = false;',
    test: {
      file: 'test/walks/media-not-kept.test.ts',
      name: 'what waits to be kept is fetched as soon as something is kept again',
    },
  },
  {
    promise: 1,
    mechanism: 'an upload is renewed before Meta forgets it',
    file: 'src/media/uploads.ts',
    find: 'const RENEWED_BEFORE_MS = 2 * 86_400_000;',
    replace: 'const RENEWED_BEFORE_MS = -2 * 86_400_000;',
    test: { file: UPLOADS, name: 'an upload is renewed before Meta forgets it' },
  },
  {
    promise: 7,
    mechanism: 'that a file is here is told by the try that brought it',
    file: 'src/media/fetcher.ts',
    find: 'const isPresent = await write(tx);',
    replace: 'const isPresent = (await write(tx)) || true;',
    test: {
      file: 'test/walks/tell-media.test.ts',
      name: 'that a file is here, with an address that works, after tries that failed or were taken over',
    },
  },
];
