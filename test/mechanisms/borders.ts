// What comes in: statuses, tenants, secrets, bad input.
import type { Mechanism } from './mechanism.ts';

const STATUSES = 'test/walks/statuses.test.ts';
const TENANTS = 'test/walks/tenants.test.ts';
const GUARDED = 'src/webhooks/connect-guarded.ts';
const GUARDED_TEST = 'src/webhooks/connect-guarded.test.ts';

export const BORDERS: readonly Mechanism[] = [
  {
    promise: 6,
    mechanism: 'statuses only go forward',
    file: 'src/messages/progress-store.ts',
    find: 'state = case when r.rank > s.rank then r.state else s.state end,',
    replace: 'state = r.state,',
    test: { file: STATUSES, name: 'ends in the same state, the furthest that was told' },
  },
  {
    promise: 8,
    mechanism: 'a message is looked up within its organisation',
    file: 'src/messages/message-store.ts',
    find: 'where m.organisation_id = $1 and m.id = $2 and',
    replace: 'where $1::text is not null and m.id = $2 and',
    test: { file: TENANTS, name: 'a foreign key finds nothing at' },
  },
  {
    promise: 8,
    mechanism: 'a number is found within its organisation',
    file: 'src/organisations/number-directory.ts',
    find: 'return number?.organisationId === organisationId ? number : undefined;',
    replace: 'return organisationId ? number : undefined;',
    test: { file: TENANTS, name: 'a foreign key finds nothing at' },
  },
  {
    promise: 9,
    mechanism: 'a webhook is verified by its signature',
    file: 'src/inbound/receive.ts',
    find: '!isSignedBy(app.appSecret, post.body, post.signature)',
    replace: 'post.body.length === 0',
    test: { file: STATUSES, name: 'a post that is not signed with the app’s secret is refused' },
  },
  {
    promise: 9,
    mechanism: 'a token of ours is known by its MAC',
    file: 'src/meta/callback-token.ts',
    find: 'return equalTexts(sum, mac(key, sent)) ?',
    replace: 'return key.length > 0 ?',
    test: { file: STATUSES, name: 'a forged or borrowed token moves nothing' },
  },
  {
    promise: 9,
    mechanism: 'keys are stored as hashes',
    file: 'src/organisations/api-keys.ts',
    find: 'await insertKey(db, row, hashOfKey(key));',
    replace: "await insertKey(db, row, Buffer.from(key).toString('hex'));",
    test: { file: 'src/organisations/authenticate.test.ts', name: 'stores neither the key nor its start' },
  },
  {
    promise: 9,
    mechanism: 'our token is told to nobody',
    file: 'src/messages/tell-progress.ts',
    find: 'const { biz_opaque_callback_data: _token, ...told } = status;',
    replace: 'const told = status;',
    test: {
      file: 'test/conformance/telling/whole-house.test.ts',
      name: 'is followed in each dialect, and nobody hears our token',
    },
  },
  {
    promise: 9,
    mechanism: 'every address of a webhook’s name is judged',
    file: GUARDED,
    find: '!addresses.every(mayGo)',
    replace: '!addresses.some(mayGo)',
    test: { file: GUARDED_TEST, name: 'a name of which one address is private' },
  },
  {
    promise: 9,
    mechanism: 'a webhook’s host that is an address is judged, too',
    file: GUARDED,
    find: 'if (isIP(target.hostname) !== 0 && !mayGo(target.hostname))',
    replace: "if (target.hostname === '')",
    test: { file: GUARDED_TEST, name: 'a private address with TLS' },
  },
  {
    promise: 9,
    mechanism: 'a webhook goes to the address that was judged',
    file: GUARDED,
    find: 'return addresses.map((address)',
    replace: 'return (await lookUp(name)).map((address)',
    test: { file: GUARDED_TEST, name: 'a name that leads elsewhere from one connection to the next' },
  },
  {
    promise: 9,
    mechanism: 'where a webhook’s connection ended up is judged',
    file: GUARDED,
    find: 'remoteAddress !== undefined && mayGo(remoteAddress)',
    replace: 'remoteAddress !== undefined',
    test: { file: GUARDED_TEST, name: 'where the connection ends up, whatever was asked for' },
  },
  {
    promise: 9,
    mechanism: 'only what is global at all is public in IPv6',
    file: 'src/webhooks/guard-address.ts',
    find: 'GLOBAL_IPV6_LIST.check(address, family)',
    replace: "family === 'ipv6'",
    test: { file: 'src/webhooks/guard-address.test.ts', name: 'only global unicast passes' },
  },
  {
    promise: 9,
    mechanism: 'secrets in files are for their owner alone',
    file: 'src/storage/private-file.ts',
    find: 'mode: 0o600,',
    replace: 'mode: 0o644,',
    test: { file: 'src/storage/data-directory.test.ts', name: 'keeps the node id and the secret' },
  },
  {
    promise: 10,
    mechanism: 'a row that cannot be stored is split off from its neighbours',
    file: 'src/storage/group-commit.ts',
    find: 'if (batch.length > 1 && isUnacceptable(error)) {',
    replace: 'if (batch.length < 1 && isUnacceptable(error)) {',
    test: {
      file: 'src/storage/group-commit.test.ts',
      name: 'a row that cannot be stored does not take its neighbours with it',
    },
  },
  {
    promise: 10,
    mechanism: 'a webhook’s change that can never be applied is set aside',
    file: 'src/inbound/receive.ts',
    find: 'if (!isPoison(error)) throw error;',
    replace: 'throw error;',
    test: { notShown: 'what is known to be bad is found before it; this is for what is not known' },
  },
  {
    promise: 10,
    mechanism: 'bodies are checked for what a database would choke on',
    file: 'src/http/app.ts',
    find: 'request.json = parseJson(body);',
    replace: 'request.json = JSON.parse(body.toString());',
    test: { file: 'test/walks/bad-input.test.ts', name: 'bodies that are no JSON object' },
  },
];
