// The two texts that are made from the table of settings: .env.example and docs/config.md. A test compares them with the
// files; `npm test -- src/config -u` writes them anew.
import { allSettings, type Setting } from './settings.ts';

export function renderEnvExample(): string {
  const rows = allSettings().map(
    (setting) => `# ${setting.doc}${defaultInWords(setting)}\n# ${setting.name}=${valueShown(setting)}\n`,
  );
  return [
    '# Settings of Kurir. All of them are optional. Kurir reads a file `.env` in the folder it is started in.\n',
    ...rows,
  ].join('\n');
}

export function renderConfigPage(): string {
  const rows = allSettings().map(
    (setting) => `| \`${setting.name}\` | ${shapeOf(setting)} | ${shortDefault(setting)} | ${setting.doc} |`,
  );
  return `# Settings

Kurir is set up by environment variables; a file \`.env\` in the folder it is started in is read too (the environment goes
before it). All are optional. What cannot be used is refused at the start, all of it at once. An empty value counts as none.

Settings marked * hold a secret: \`<NAME>_FILE\` may name a file that holds it instead.

| name | value | default | what it decides |
| --- | --- | --- | --- |
${rows.join('\n')}
`;
}

function defaultInWords(setting: Setting): string {
  const shown = shortDefault(setting);
  return shown === '' ? '' : ` Default: ${shown.replaceAll('`', '')}.`;
}

function shortDefault(setting: Setting): string {
  if (setting.default !== undefined) return `\`${setting.default}\``;
  return ('derived' in setting && setting.derived) || '';
}

function valueShown(setting: Setting): string | number {
  return setting.default ?? setting.example;
}

function shapeOf(setting: Setting): string {
  const secret = setting.secret ? ' *' : '';
  switch (setting.type) {
    case 'integer':
      return `${setting.min} to ${setting.max}`;
    case 'choice':
      return setting.choices.join(', ');
    case 'text':
    case 'path':
    case 'web address':
    case 'database address':
    case 'networks':
      return `${setting.type}${secret}`;
  }
}
