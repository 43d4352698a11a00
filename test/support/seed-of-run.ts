// The seed of a random run: printed with the name of the run, so that what failed once can be repeated with TEST_SEED.

/** The seed of this run; a new one unless the environment names it. */
export function seedOfRun(name: string): number {
  const named = Number(process.env['TEST_SEED']);
  const seed = Number.isInteger(named) && named > 0 ? named : 1 + Math.floor(Math.random() * 0x7fff_fffe);
  console.log(`${name}: seed ${seed} (TEST_SEED=${seed} repeats it)`);
  return seed;
}
