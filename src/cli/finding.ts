// One thing that `kurir doctor` looked at.

export interface Finding {
  name: string;
  state: 'ok' | 'warning' | 'failed';
  says: string;
  /** What to do, unless all is well. */
  todo?: string;
}
