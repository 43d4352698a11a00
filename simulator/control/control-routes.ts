// The control API over HTTP.
import type { FastifyInstance } from 'fastify';
import type { Simulation } from '../simulation.ts';
import type { Control } from './control.ts';

export async function controlRoutes(app: FastifyInstance, sim: Simulation, control: Control): Promise<void> {
  app.get('/health', async () => ({ status: 'ok', now: new Date(sim.clock.now()).toISOString() }));
  app.get('/ready', async () => ({ status: 'ready' }));
  app.get('/messages', async (request) => {
    const query = request.query as Record<string, string>;
    return { data: control.messages(query) };
  });
}
