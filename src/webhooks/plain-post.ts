import { request } from 'undici';
import type { Poster } from './deliverer.ts';
export function createPoster(): Poster {
  return {
    async post({ url, headers, body }) {
      const begun = performance.now();
      try {
        const response = await request(url, { method: 'POST', headers, body });
        await response.body.dump();
        return {
          kind: 'answered',
          status: response.statusCode,
          retryAfterMs: null,
          excerpt: '',
          ms: performance.now() - begun,
        };
      } catch (error) {
        return { kind: 'failed', reason: 'refused', detail: String(error), ms: performance.now() - begun };
      }
    },
    close: () => Promise.resolve(),
  };
}
