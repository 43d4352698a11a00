// The times of the send protocol: who owns a lane, when a call has ended, how long an outcome may stay unknown. One table, so that a
// test can shorten them all alike: their order is what the protocol rests on (see docs/protocol.md).

export interface ProtocolTimes {
  /** A node shows that it lives. */
  heartbeatMs: number;
  /** A node begins no call later than this after its last heartbeat was sent. */
  callWithinMs: number;
  /** A lane is free when its owner has been silent for so long. */
  leaseMs: number;
  /** How long Meta may take for an answer. */
  callTimeoutMs: number;
  /** After a restart: when a call of the process before can no longer be on the wire. */
  ownCallsMs: number;
  /** The same for a lane that was another node's, from that node's last heartbeat. */
  formerCallsMs: number;
  /** How long nothing goes on a number that Meta refuses, before it is tried again; twice as long each time. */
  numberRestMs: number;
  /** How often an unknown outcome without evidence is looked at. */
  lookAgainMs: number;
  /** An unknown outcome without evidence ends then. */
  giveUpMs: number;
  /** How often what was heard of Meta is written down. */
  keepHearingMs: number;
}

const TIMES: ProtocolTimes = {
  heartbeatMs: 3_000,
  callWithinMs: 10_000,
  leaseMs: 15_000,
  callTimeoutMs: 20_000,
  ownCallsMs: 20_000,
  formerCallsMs: 30_000,
  numberRestMs: 15_000,
  lookAgainMs: 30_000,
  giveUpMs: 24 * 3_600_000,
  keepHearingMs: 3_000,
};

/** All of them, each divided by `scale`. */
export function protocolTimes(scale: number): ProtocolTimes {
  return {
    heartbeatMs: TIMES.heartbeatMs / scale,
    callWithinMs: TIMES.callWithinMs / scale,
    leaseMs: TIMES.leaseMs / scale,
    callTimeoutMs: TIMES.callTimeoutMs / scale,
    ownCallsMs: TIMES.ownCallsMs / scale,
    formerCallsMs: TIMES.formerCallsMs / scale,
    numberRestMs: TIMES.numberRestMs / scale,
    lookAgainMs: TIMES.lookAgainMs / scale,
    giveUpMs: TIMES.giveUpMs / scale,
    keepHearingMs: TIMES.keepHearingMs / scale,
  };
}
