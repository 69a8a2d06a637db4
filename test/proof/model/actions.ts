import fc from 'fast-check';

export const GRACE_SECONDS = 3_600;

const secret = fc.nat(1);
/** How often an event comes. */
const event = fc.constantFrom('once', 'once', 'twice', 'lost');
/**
 * What may befall two secrets. `twice`: it is asked for a second time. `kill`: the process dies around that call, if there is
 * one. `event`: how often the event comes that tells of it.
 */
export const action = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('rotate' as const),
      secret,
      native: fc.boolean(),
      attempts: fc.constantFrom(1, 5, 5),
      emergency: fc.constantFrom(false, false, false, false, true),
      kill: fc.option(fc.nat(25), { freq: 2 }),
      twice: fc.boolean(),
      event,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('put by hand' as const), secret, event }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('failed check' as const),
      secret,
      kill: fc.option(fc.nat(12)),
      twice: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('retire' as const),
      secret,
      kill: fc.option(fc.nat(12)),
      twice: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('give up' as const),
      secret,
      kill: fc.option(fc.nat(12)),
      twice: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('time' as const),
      seconds: fc.constantFrom(1, 60, 299, 1_800, GRACE_SECONDS, 90_000),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('consumers read' as const), secret }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('execution is lost' as const), secret }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('audit' as const), secret, kill: fc.option(fc.nat(12), { freq: 2 }) }),
  },
);
export type Action = typeof action extends fc.Arbitrary<infer One> ? One : never;
export type Of<Kind extends Action['kind']> = Extract<Action, { kind: Kind }>;
