// Which facts of a long ledger still matter, once the world has forgotten its oldest messages: the lives of those that it keeps,
// what opened a window, and everything that is not about messages. Replaying these alone gives the same world.
import type { Fact } from './fact.ts';
import { windowKey, type World } from './world.ts';

export function isNeeded(world: World, fact: Fact): boolean {
  switch (fact.fact) {
    case 'send':
    case 'status':
    case 'readByBusiness':
      return world.messages.has(fact.wamid);
    case 'inbound':
      return (
        world.messages.has(fact.wamid) || world.wroteAt.get(windowKey(fact.number, fact.phone)) === fact.at
      );
    case 'posted':
      return fact.updates.some((id) => world.messages.has(id.split('#')[0] ?? ''));
    case 'refused':
      return world.refusedLast.has(fact.to);
    case 'phone':
    case 'waba':
    case 'number':
    case 'appCallback':
    case 'clock':
    case 'media':
    case 'mediaDeleted':
    case 'template':
    case 'templateDeleted':
    case 'seeded':
      return true;
  }
}
