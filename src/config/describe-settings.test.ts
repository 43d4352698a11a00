import { expect, test } from 'vitest';

import { renderConfigPage, renderEnvExample } from './describe-settings.ts';

test('.env.example says what the table says', async () => {
  await expect(renderEnvExample()).toMatchFileSnapshot('../../.env.example');
});

test('docs/config.md says what the table says', async () => {
  await expect(renderConfigPage()).toMatchFileSnapshot('../../docs/config.md');
});
