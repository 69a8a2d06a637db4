/**
 * The bus keeps the seconds of a time only, and several things happen in one: within a second they are shown in the order
 * in which a rotation goes through them.
 */
const order = [
  'Rotation Started',
  'Prepare',
  'ClearPending',
  'RetireFirst',
  'RotateSecret',
  'AwaitPromotion',
  'createSecret',
  'setSecret',
  'testSecret',
  'finishSecret',
  'Secret Promoted',
  'Propagate',
  'Consumer Converging',
  'Consumer Converged',
  'Consumer Lagging',
  'RunChecks',
  'RunChecksLonger',
  'Check Passed',
  'Check Failed',
  'Check Inconclusive',
  'ScheduleRetirement',
  'Rotation Succeeded',
  'Abandon',
  'RollBack',
  'PropagateRollBack',
  'CheckAgain',
  'Rotation Rolled Back',
  'Rotation Failed',
  'Retirement Blocked',
  'Credential Retired',
];
const ranks = new Map(order.map((name, rank) => [name, rank]));

export interface Placed {
  readonly at: Date;
  /** A state, an event's type, or a step's name. */
  readonly place: string;
}

/** Sorted by second, then by the order of a rotation. Pure; what is in no order stays where it was. */
export function inStoryOrder<Entry extends Placed>(entries: readonly Entry[]): Entry[] {
  const secondOf = ({ at }: Placed) => Math.floor(at.getTime() / 1000);
  const rankOf = ({ place }: Placed) => ranks.get(place) ?? order.length;
  return [...entries].sort((left, right) => secondOf(left) - secondOf(right) || rankOf(left) - rankOf(right));
}

/** Where an event stands: the four steps have one type, and a step each. */
export function placeOf(event: { type: string; detail: Readonly<Record<string, unknown>> }): string {
  return typeof event.detail.step === 'string' ? event.detail.step : event.type;
}
