// `kurir apps`: Meta apps, whose secrets sign the webhooks of their numbers.
import type { Context } from '../context.ts';
import { addApp, listApps } from '../organisations/apps.ts';
import { secretFrom } from './read-options.ts';
import { shownTime, table, type Terminal } from './terminal.ts';
import { withTables } from './with-tables.ts';

export interface AddAppOptions {
  name: string;
  appSecret?: string;
  appSecretFile?: string;
  verifyToken: string;
  metaAppId?: string;
  default?: boolean;
}

const SECRET_CHARACTERS_USUAL = 32;

export async function addAppCommand(terminal: Terminal, options: AddAppOptions): Promise<void> {
  const appSecret = await secretFrom('app-secret', options.appSecret, options.appSecretFile);
  const { name, verifyToken, metaAppId, default: isDefault } = options;
  const add = async (ctx: Context) => ({
    app: await addApp(ctx, { name, appSecret, verifyToken, metaAppId, isDefault }),
    publicUrl: ctx.config.publicUrl,
  });
  const { app, publicUrl } = await withTables(add, { begins: true });
  const callbackUrl = `${publicUrl}/webhooks/meta${app.isDefault ? '' : `/${app.id}`}`;
  if (appSecret.length < SECRET_CHARACTERS_USUAL)
    terminal.note(
      `${terminal.noteStyle.yellow('!')} That app secret has only ${appSecret.length} characters; Meta's have ${SECRET_CHARACTERS_USUAL}. If it is not the one in Meta's app dashboard, every webhook will be refused.`,
    );
  terminal.result(
    { ...app, callbackUrl },
    () =>
      `${app.id} (${app.name}) is added. In Meta's app dashboard, set the callback URL ${callbackUrl} and the verify token.`,
  );
}

export async function listAppsCommand(terminal: Terminal): Promise<void> {
  const apps = await withTables(listApps);
  const rows = apps.map((app) => [
    app.id,
    app.name,
    app.metaAppId ?? '-',
    app.isDefault ? 'yes' : '',
    shownTime(app.createdAt),
  ]);
  terminal.result({ data: apps }, () =>
    apps.length === 0
      ? 'There are no apps yet: kurir apps add'
      : table(terminal.style, ['ID', 'NAME', 'META APP', 'DEFAULT', 'CREATED'], rows),
  );
}
