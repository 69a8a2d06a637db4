/**
 * How much of what is proven point by point is run: `short` by `npm test`, `wide` before a change is taken, `long` by
 * `npm run proof:long`, which leaves nothing out.
 */
const extents = ['short', 'wide', 'long'] as const;

const asked = process.env.KEYTURN_PROOF ?? 'short';
const extent = extents.find((known) => known === asked);
if (!extent) throw new Error(`KEYTURN_PROOF is ${asked}; expected one of ${extents.join(', ')}.`);

/** What this run takes. */
export function byExtent<Value>(values: Readonly<Record<(typeof extents)[number], Value>>): Value {
  return values[extent as (typeof extents)[number]];
}

/** The short run takes one of `every` in turn; `group` is where it begins, so that groups of the same rows share them. */
export function inTurn<Item>(items: readonly Item[], every: number, group = 0): Item[] {
  const step = byExtent({ short: every, wide: 1, long: 1 });
  return items.filter((_, index) => (index + group) % step === 0);
}
