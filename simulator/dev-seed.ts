// The world that development starts in: one number, three customers, templates of several kinds, and fixed credentials that
// are no secrets.
import { devTemplates } from './dev-templates.ts';
import type { NumberSettings, SimulatorSettings } from './settings.ts';

const number: NumberSettings = {
  phoneNumberId: '106540352242922',
  displayPhoneNumber: '+628511760008029',
  verifiedName: 'Kopi Senja',
};

const MINUTE_MS = 60_000;

export const devSeed = {
  appId: '670843887433847',
  appSecret: 'dev-app-secret-0123456789abcdef',
  verifyToken: 'dev-verify-token',
  tokens: ['EAADevGraphToken0123456789'],
  wabaId: '102290129340398',
  numbers: [number] as [NumberSettings],
  phones: [
    {
      phone: '+628123456789',
      name: 'Ayu',
      wroteMsAgo: MINUTE_MS,
      wroteWamid: 'wamid.HBgNNjI4MTIzNDU2Nzg5FQIAEhggMUE5MDM1QzVDMUYxQTAyRkVCNzZDQjVDMjFFRDQzNTUA',
      wroteText: 'Halo, apakah masih buka?',
    },
    {
      phone: '+628111111111',
      name: 'Siti',
      autoRead: true,
      wroteMsAgo: MINUTE_MS,
      wroteText: 'Halo, saya mau pesan kopi.',
      keepsWindowOpen: true,
    },
    { phone: '+628222222222', name: 'Budi' },
  ],
  templates: devTemplates,
} satisfies SimulatorSettings;
