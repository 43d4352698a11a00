// One address in front of the nodes, as a load balancer's: each connection goes to the first node that lives; those of a node that does
// not are cut, as its health checks would.
import { once } from 'node:events';
import { createServer, connect, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

export interface Target {
  url: string;
  living: boolean;
}

export interface Balancer {
  port: number;
  follow(targets: readonly Target[]): void;
  /** Cuts the connections to a node. */
  cut(target: Target): void;
  close(): Promise<void>;
}

export async function openBalancer(): Promise<Balancer> {
  let targets: readonly Target[] = [];
  const open = new Map<Socket, Target>();
  const server = createServer((near) => {
    near.on('error', () => near.destroy());
    const target = targets.find((one) => one.living);
    if (!target) return void near.destroy();
    const far = connect(Number(new URL(target.url).port), '127.0.0.1');
    open.set(near, target);
    far.on('error', () => near.destroy()).on('close', () => near.destroy());
    near.on('close', () => {
      open.delete(near);
      far.destroy();
    });
    near.pipe(far).pipe(near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    follow: (given) => void (targets = given),
    cut(target) {
      for (const [near, to] of open) if (to === target) near.destroy();
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const near of open.keys()) near.destroy();
      await closed;
    },
  };
}
