// The commands, their flags and their help. What each one does is loaded only when it runs, so that --help is there at once.
import { Command, Option } from 'commander';

import type { AddAppOptions } from './apps.ts';
import {
  dialect,
  gateway,
  group,
  hoursFrom,
  keyFile,
  leaf,
  organisation,
  paceFrom,
  secondsFrom,
} from './command-parts.ts';
import { complain, EXIT } from './complain.ts';
import type { EraseOptions } from './contacts.ts';
import type { CreateKeyOptions, OfOrganisation } from './keys.ts';
import type { ListNodesOptions } from './nodes.ts';
import type { AddNumberOptions, SetNumberOptions } from './numbers.ts';
import type { TargetOptions } from './call-gateway.ts';
import type { ListenOptions } from './listen.ts';
import type { SendOptions } from './send.ts';
import type { DeliveriesOptions, SubscribeOptions } from './webhooks.ts';
import { createTerminal, type Terminal } from './terminal.ts';
import { readVersion } from '../kernel/version.ts';

/** Runs what was typed; returns the exit code. */
export async function runProgram(args: readonly string[]): Promise<number> {
  const terminal = createTerminal({ json: args.includes('--json') });
  const run: Run = { terminal, exitCode: EXIT.ok };
  try {
    await createProgram(run).parseAsync(args, { from: 'user' });
    return run.exitCode;
  } catch (error) {
    return complain(error, terminal);
  }
}

interface Run {
  terminal: Terminal;
  exitCode: number;
}

export function createProgram(run: Run): Command {
  const program = new Command('kurir')
    .description('A WhatsApp Business messaging gateway that anyone can run.')
    .version(readVersion())
    .helpCommand('help [command]', 'show what a command does')
    .configureOutput({ outputError: (text, write) => write(run.terminal.json ? usageAsJson(text) : text) })
    .exitOverride();
  addRunCommands(program, run);
  addOrganisationCommands(program, run);
  addKeyCommands(program, run);
  addAppCommands(program, run);
  addNumberCommands(program, run);
  addContactCommands(program, run);
  addUseCommands(program, run);
  addListenCommand(program, run);
  addWebhookCommands(program, run);
  addDeliveryCommands(program, run);
  return program;
}

function addRunCommands(program: Command, run: Run): void {
  const { terminal } = run;
  leaf(program, 'dev', {
    summary: 'run it all on this computer: gateway, simulator of Meta, database, a demo key',
    examples: ['kurir dev', 'PORT=5000 kurir dev'],
  }).action(async () => {
    run.exitCode = await (await import('./dev.ts')).dev(terminal);
  });
  leaf(program, 'start', {
    summary: 'run the gateway in production',
    examples: ['DATABASE_URL=postgres://… KURIR_SECRET_FILE=/run/secrets/kurir kurir start'],
  }).action(async () => {
    run.exitCode = await (await import('./start.ts')).start(terminal);
  });
  leaf(program, 'migrate', {
    summary: 'bring the database schema up to date (every start does)',
    examples: ['kurir migrate'],
  }).action(async () => {
    await (await import('./migrate.ts')).migrate(terminal);
  });
  leaf(program, 'doctor', {
    summary: 'check settings, database, clock, Meta, and every number',
    examples: ['kurir doctor', 'kurir doctor --json'],
  }).action(async () => {
    run.exitCode = await (await import('./doctor.ts')).doctor(terminal);
  });
  leaf(program, 'nodes', {
    summary: 'show the gateways that share the database, and what each drives',
    examples: ['kurir nodes', 'kurir nodes --numbers', 'kurir nodes --json'],
  })
    .option('--numbers', 'also which node drives each number')
    .action(async (options: ListNodesOptions) =>
      (await import('./nodes.ts')).listNodesCommand(terminal, options),
    );
}

function addOrganisationCommands(program: Command, { terminal }: Run): void {
  const organisations = group(program, 'organisations', 'the tenants of this installation');
  const room = () => import('./organisations.ts');
  leaf(organisations, 'create', {
    summary: 'make one; its keys and numbers are made with --organisation <id>',
    examples: ['kurir organisations create --name "Kopi Senja"'],
  })
    .requiredOption('--name <text>', 'what you call it')
    .action(async (options: { name: string }) => (await room()).createOrganisationCommand(terminal, options));
  leaf(organisations, 'list', {
    summary: 'show all organisations',
    examples: ['kurir organisations list'],
  }).action(async () => (await room()).listOrganisationsCommand(terminal));
}

function addKeyCommands(program: Command, { terminal }: Run): void {
  const keys = group(program, 'keys', 'API keys');
  leaf(keys, 'create', {
    summary: 'make a key; it is shown once',
    examples: ['kurir keys create --label shop', 'kurir keys create --label trial --expires 2027-01-31'],
  })
    .requiredOption('--label <text>', 'what the key is for')
    .option('--expires <date>', 'when it ends, such as 2027-01-31')
    .addOption(organisation())
    .action(async (options: CreateKeyOptions) =>
      (await import('./keys.ts')).createKeyCommand(terminal, options),
    );
  leaf(keys, 'list', { summary: 'show all keys, without themselves', examples: ['kurir keys list'] })
    .addOption(organisation())
    .action(async (options: OfOrganisation) =>
      (await import('./keys.ts')).listKeysCommand(terminal, options),
    );
  leaf(keys, 'revoke', { summary: 'end a key at once', examples: ['kurir keys revoke key_01…'] })
    .argument('<id>', 'its id, as `kurir keys list` shows it')
    .addOption(organisation())
    .action(async (id: string, options: OfOrganisation) =>
      (await import('./keys.ts')).revokeKeyCommand(terminal, id, options),
    );
}

function addContactCommands(program: Command, { terminal }: Run): void {
  const contacts = group(program, 'contacts', 'customers');
  leaf(contacts, 'erase', {
    summary: 'delete everything that is kept of a person, for good',
    examples: ['kurir contacts erase +628111222333', 'kurir contacts erase ctc_01… --yes'],
  })
    .argument('<person>', 'a phone number, a business-scoped user id, or the id of a contact')
    .option('--yes', 'do not ask')
    .addOption(organisation())
    .action(async (person: string, options: EraseOptions) =>
      (await import('./contacts.ts')).eraseContactCommand(terminal, person, options),
    );
}

function addAppCommands(program: Command, { terminal }: Run): void {
  const apps = group(program, 'apps', 'Meta apps, which sign webhooks');
  leaf(apps, 'add', {
    summary: 'add a Meta app',
    examples: ['kurir apps add --name Shop --app-secret-file ./secret --verify-token any-word'],
  })
    .requiredOption('--name <text>', 'what you call it')
    .option('--app-secret-file <path>', 'file with its app secret; - for stdin')
    .option('--app-secret <secret>', 'the app secret itself (others on this computer may see it)')
    .requiredOption('--verify-token <token>', 'the word that Meta shows when it verifies the webhook')
    .option('--meta-app-id <id>', 'its id at Meta')
    .option('--default', 'make it the one for numbers that name none')
    .action(async (options: AddAppOptions) => (await import('./apps.ts')).addAppCommand(terminal, options));
  leaf(apps, 'list', {
    summary: 'show all apps, without their secrets',
    examples: ['kurir apps list'],
  }).action(async () => (await import('./apps.ts')).listAppsCommand(terminal));
}

function addNumberCommands(program: Command, { terminal }: Run): void {
  const numbers = group(program, 'numbers', 'WhatsApp numbers');
  leaf(numbers, 'add', {
    summary: 'connect a number; its token is checked with Meta and kept sealed',
    examples: ['kurir numbers add --phone-number-id 1065… --waba-id 1022… --token-file ./token'],
  })
    .requiredOption('--phone-number-id <id>', 'Meta’s id of the number')
    .requiredOption('--waba-id <id>', 'Meta’s id of its WhatsApp Business account')
    .option('--token-file <path>', 'file with an access token; - for stdin')
    .option('--token <token>', 'the access token itself (others on this computer may see it)')
    .option('--app <id>', 'the app whose webhooks carry it; the default one')
    .addOption(organisation())
    .action(async (options: AddNumberOptions) =>
      (await import('./numbers.ts')).addNumberCommand(terminal, options),
    );
  leaf(numbers, 'list', { summary: 'show all numbers', examples: ['kurir numbers list'] })
    .addOption(organisation())
    .action(async (options: OfOrganisation) =>
      (await import('./numbers.ts')).listNumbersCommand(terminal, options),
    );
  leaf(numbers, 'set', {
    summary: 'change how a number sends',
    examples: [
      'kurir numbers set 1065… --pace 80',
      'kurir numbers set 1065… --pace auto',
      'kurir numbers set 1065… --pace off --on-unknown resend',
      'kurir numbers set 1065… --window-check on',
      'kurir numbers set 1065… --token-file ./token',
    ],
  })
    .argument('<phone-number-id>')
    .option(
      '--pace <n>',
      'messages a second (1 to 1000), off (each recipient too), or auto: as Meta gives',
      paceFrom,
    )
    .addOption(
      new Option('--on-unknown <policy>', 'what becomes of a send whose outcome stays unknown').choices([
        'fail',
        'resend',
      ]),
    )
    .addOption(
      new Option(
        '--window-check <on|off>',
        'refuse free-form messages outside the 24-hour window at once, instead of by Meta later',
      ).choices(['on', 'off']),
    )
    .option('--token-file <path>', 'file with a new access token; - for stdin')
    .addOption(new Option('--token <token>', 'the access token itself').hideHelp())
    .addOption(organisation())
    .action(async (id: string, options: SetNumberOptions) =>
      (await import('./numbers.ts')).setNumberCommand(terminal, id, options),
    );
}

function addUseCommands(program: Command, run: Run): void {
  leaf(program, 'send', {
    summary: 'send a message through a gateway that runs',
    examples: [
      'kurir send --to +628111111111 "Halo"',
      'kurir send --to +628111111111 --template order_confirmation --language id_ID --var Budi ORD-12345',
      'kurir send --to +628111111111 "Halo" --wait delivered --timeout 60',
    ],
  })
    .argument('[text]', 'what it says')
    .requiredOption('--to <number>', 'the recipient, such as +628111111111')
    .option('--number <phone-number-id>', 'the number to send from; needed where there are several')
    .option('--template <name>', 'send a template instead of text')
    .option('--language <code>', 'of the template, as Meta writes it, such as id_ID or en_US')
    .option('--var <text...>', 'values of its body, in order: one for each {{1}}, {{2}} …')
    .addOption(new Option('--wait <status>', 'wait until it is').choices(['sent', 'delivered', 'read']))
    .option('--timeout <seconds>', 'how long to wait', secondsFrom, 30)
    .option('--idempotency-key <key>', 'repeat a send safely')
    .addOption(gateway())
    .addOption(keyFile())
    .action(async (text: string | undefined, options: SendOptions) => {
      run.exitCode = await (await import('./send.ts')).send(run.terminal, text, options);
    });
}

function addListenCommand(program: Command, run: Run): void {
  leaf(program, 'listen', {
    summary: 'bring events to a program on this computer, signed as they would be',
    examples: [
      'kurir listen --forward-to http://localhost:3000/hook',
      'kurir listen --forward-to localhost:3000/hook --events message.received,message.status --dialect standard',
      'kurir listen --forward-to localhost:3000/hook --print-secret',
    ],
  })
    .requiredOption('--forward-to <address>', 'where they are posted to')
    .option('--events <types...>', 'only these', ['*'])
    .addOption(dialect().default('kirim'))
    .option('--phone-number-id <id...>', 'only what is about these numbers')
    .option('--print-secret', 'only print the secret that they are signed with; it stays the same')
    .addOption(gateway())
    .addOption(keyFile())
    .action(async (options: ListenOptions) => {
      run.exitCode = await (await import('./listen.ts')).listen(run.terminal, options);
    });
}

function addWebhookCommands(program: Command, run: Run): void {
  const { terminal } = run;
  const webhooks = group(program, 'webhooks', 'who is told of what happens, through a gateway that runs');
  const room = () => import('./webhooks.ts');
  const command = (name: string, about: { summary: string; examples: readonly string[] }): Command =>
    leaf(webhooks, name, about).addOption(gateway()).addOption(keyFile());
  const ofOne = (name: string, summary: string, more = ''): Command =>
    command(name, { summary, examples: [`kurir webhooks ${name} wbs_01…${more}`] }).argument(
      '<id>',
      'its id, as `kurir webhooks list` shows it',
    );
  command('list', { summary: 'show all webhooks', examples: ['kurir webhooks list'] }).action(
    async (options: TargetOptions) => (await room()).listWebhooks(terminal, options),
  );
  subscribing(
    command('create', {
      summary: 'tell an address of events; the secret is shown once',
      examples: [
        'kurir webhooks create --to https://example.com/hook --events message.received message.status',
        'kurir webhooks create --to https://example.com/hook --events "*" --dialect meta --phone-number-id 1065…',
      ],
    }),
    { needed: true },
  ).action(async (options: SubscribeOptions) => (await room()).createWebhook(terminal, options));
  subscribing(ofOne('update', 'change a webhook', ' --events "*"'), { needed: false }).action(
    async (id: string, options: SubscribeOptions) => (await room()).updateWebhook(terminal, id, options),
  );
  ofOne('pause', 'tell it nothing for a while; what happens is kept for it').action(
    async (id: string, options: TargetOptions) =>
      (await room()).turnWebhook(terminal, { id, status: 'paused' }, options),
  );
  ofOne('resume', 'turn it on again, also when Kurir has turned it off').action(
    async (id: string, options: TargetOptions) =>
      (await room()).turnWebhook(terminal, { id, status: 'active' }, options),
  );
  ofOne('delete', 'take it away').action(async (id: string, options: TargetOptions) =>
    (await room()).deleteWebhook(terminal, id, options),
  );
  ofOne('rotate', 'make a new secret; it is shown once', ' --overlap-hours 48')
    .option('--overlap-hours <n>', 'how long the earlier ones go on signing (24; 0 to 720)', hoursFrom)
    .action(async (id: string, options: TargetOptions & { overlapHours?: number }) =>
      (await room()).rotateWebhook(terminal, id, options),
    );
  ofOne('test', 'send it a test event and say what it answers').action(
    async (id: string, options: TargetOptions) => {
      run.exitCode = await (await room()).testWebhook(terminal, id, options);
    },
  );
}

function subscribing(command: Command, { needed }: { needed: boolean }): Command {
  const [to, events] = ['--to <url>', '--events <types...>'];
  const whom = 'where events are posted to';
  const what = 'types such as message.received, "meta.*" for Meta’s other fields, "*" for all';
  return (needed ? command.requiredOption(to, whom) : command.option(to, whom))
    .addOption(new Option(events, what).makeOptionMandatory(needed))
    .addOption(dialect())
    .option('--phone-number-id <id...>', 'only what is about these numbers')
    .option('--description <text>', 'for people')
    .option('--ordered', 'one after the other within a conversation')
    .option('--no-ordered', 'as fast as they come')
    .option('--buffer-seconds <n>', 'collect customers’ messages for so long (only kapso)', secondsFrom)
    .option('--buffer-max <n>', 'or until there are so many', secondsFrom);
}

function addDeliveryCommands(program: Command, { terminal }: Run): void {
  const webhooks = program.commands.find((one) => one.name() === 'webhooks') ?? program;
  const command = (name: string, about: { summary: string; examples: readonly string[] }): Command =>
    leaf(webhooks, name, about)
      .option('--subscription <id>', 'of this webhook')
      .option('--event <type>', 'of this type')
      .option('--after <date>', 'made after it, such as 2027-01-31')
      .option('--before <date>', 'made before it')
      .addOption(gateway())
      .addOption(keyFile());
  command('deliveries', {
    summary: 'show what went where, the newest first',
    examples: ['kurir webhooks deliveries --subscription wbs_01… --status dead'],
  })
    .addOption(new Option('--status <status>', 'only these').choices(['pending', 'succeeded', 'dead']))
    .option('--limit <n>', 'so many (1 to 100)', secondsFrom, 25)
    .action(async (options: DeliveriesOptions) =>
      (await import('./webhooks.ts')).listDeliveriesCommand(terminal, options),
    );
  command('replay', {
    summary: 'send one delivery again, or the dead ones of a webhook',
    examples: ['kurir webhooks replay wbd_01…', 'kurir webhooks replay --subscription wbs_01…'],
  })
    .argument('[id]', 'of the delivery')
    .action(async (id: string | undefined, options: DeliveriesOptions) =>
      (await import('./webhooks.ts')).replayCommand(terminal, id, options),
    );
}

function usageAsJson(text: string): string {
  return `${JSON.stringify({ error: { code: 'usage', message: text.trim().replace(/^error: /, '') } })}\n`;
}
