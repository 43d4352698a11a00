// The simulator as a process of its own, with settings that its flags do not have: one JSON object as argument, its address on stdout.
import { isObject, jsonOf } from '../../src/kernel/json.ts';
import { startSimulator } from '../../simulator/simulator.ts';

const settings = jsonOf(process.argv[2] ?? '{}');
const simulator = await startSimulator(isObject(settings) ? settings : {});
process.stdout.write(`${JSON.stringify({ url: simulator.url })}\n`);
// Whoever started it holds the other end: gone, it has no more to do.
process.stdin.on('end', () => process.exit(0)).resume();
