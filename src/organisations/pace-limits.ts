// Which paces a number may be given: for the one who sets it, and for the command line, which says so before it connects to anything.

const PACE_MAX = 1000;

export const PACES = `a whole number of messages a second from 1 to ${PACE_MAX}, off, or auto`;

export function isPace(perSecond: number): boolean {
  return Number.isInteger(perSecond) && perSecond >= 1 && perSecond <= PACE_MAX;
}
