// The figures that the project wants of itself, and whether a run met them. A bench is no test: it says so, and ends well all the same.

export interface Verdict {
  cell: string;
  what: string;
  measured: number;
  wanted: string;
  met: boolean;
}

interface Wanted {
  what: string;
  least?: number;
  most?: number;
  below?: number;
  unit: string;
}

const WANTED = {
  acceptOnly: { what: 'accept-only, of the floor', least: 0.6, unit: '' },
  full: { what: 'full, of the floor', least: 0.75, unit: '' },
  told: { what: 'full with one subscription, of the floor', least: 0.7, unit: '' },
  toldMany: { what: 'cost of a delivery with 50 subscriptions, of that with one', most: 1, unit: '' },
  added: { what: 'added to Meta’s time at 300 ms and 100/s, p50', below: 5, unit: 'ms' },
  queuedRss: { what: 'memory of the gateway with 200 000 queued, peak', below: 300, unit: 'MB' },
  storedAccept: { what: 'accept with 1 000 000 stored, of the empty rate', least: 0.8, unit: '' },
  storedList: { what: 'list with 1 000 000 stored, of the empty rate', least: 0.8, unit: '' },
  storedListOfNumber: {
    what: 'list of a number with 1 000 000 stored, of the empty rate',
    least: 0.8,
    unit: '',
  },
  blockedSame: { what: 'others on the number of 100 000 blocked, of the free rate', least: 0.95, unit: '' },
  blockedOther: { what: 'other numbers beside 100 000 blocked, of the free rate', least: 0.95, unit: '' },
  paceMean: { what: 'least of three numbers at 80/s in any 10 s, a second', least: 76, unit: '/s' },
  paceMost: { what: 'most of them in a sliding second', most: 80, unit: '' },
  paceRefused: { what: 'refused with 130429', most: 0, unit: '' },
  paceIdle: { what: 'a fourth idle number’s send, p99', below: 100, unit: 'ms' },
  classHigh: { what: 'a high message past 100 000 bulk, slowest', most: 1_000, unit: 'ms' },
  classNormal: { what: 'a waited-for normal past 100 000 bulk, slowest', most: 2_000, unit: 'ms' },
} satisfies Record<string, Wanted>;

export type WantedName = keyof typeof WANTED;

export function judge(cell: string, name: WantedName, measured: number): Verdict {
  const { what, unit, least, most, below }: Wanted = WANTED[name];
  const [sign, limit] =
    least !== undefined ? ['≥', least] : most !== undefined ? ['≤', most] : ['<', below ?? Number.NaN];
  const met =
    (least === undefined || measured >= least) &&
    (most === undefined || measured <= most) &&
    (below === undefined || measured < below);
  return { cell, what, measured, wanted: `${sign} ${limit} ${unit}`.trim(), met };
}
