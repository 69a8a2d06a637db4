/** A piece of an edge from one layer to the next. */
export interface Segment {
  readonly upper: string;
  readonly lower: string;
}

const SWEEPS = 16;

/**
 * Orders each layer so that few segments cross: sweeps up and down by the median of the neighbours, the best order is
 * kept. The number of crossings decides, so the result is never worse than what came in.
 */
export function orderLayers(layers: readonly (readonly string[])[], segments: readonly Segment[]): string[][] {
  const up = neighbours(segments, 'lower', 'upper');
  const down = neighbours(segments, 'upper', 'lower');
  let order = layers.map((layer) => [...layer]);
  let best = order;
  let fewest = crossings(best, down);
  for (let sweep = 0; sweep < SWEEPS && fewest > 0; sweep += 1) {
    order = sweep % 2 === 0 ? sweepBy(order, up) : sweepBy([...order].reverse(), down).reverse();
    order = exchangeNeighbours(order, up, down);
    const count = crossings(order, down);
    if (count < fewest) [best, fewest] = [order, count];
  }
  return best;
}

type Neighbours = ReadonlyMap<string, readonly string[]>;

function neighbours(segments: readonly Segment[], of: keyof Segment, to: keyof Segment): Neighbours {
  const found = new Map<string, string[]>();
  for (const segment of segments) found.set(segment[of], [...(found.get(segment[of]) ?? []), segment[to]]);
  return found;
}

/** From the first layer on, each is sorted by where its neighbours in the one before are. */
function sweepBy(order: readonly string[][], near: Neighbours): string[][] {
  const done: string[][] = [];
  for (const layer of order) {
    const place = positions(done.at(-1) ?? []);
    const wanted = new Map(
      layer.map((node, index) => [node, median((near.get(node) ?? []).map((other) => place.get(other) ?? 0)) ?? index]),
    );
    done.push([...layer].sort((a, b) => (wanted.get(a) ?? 0) - (wanted.get(b) ?? 0)));
  }
  return done;
}

/** Neighbours in a layer change places where that removes crossings. */
function exchangeNeighbours(order: readonly string[][], up: Neighbours, down: Neighbours): string[][] {
  const copy = order.map((layer) => [...layer]);
  copy.forEach((layer, index) => {
    const above = positions(copy[index - 1] ?? []);
    const below = positions(copy[index + 1] ?? []);
    const cost = (left: string, right: string) =>
      crossed(up.get(left), up.get(right), above) + crossed(down.get(left), down.get(right), below);
    for (let at = 0; at + 1 < layer.length; at += 1) {
      const [left, right] = [layer[at] as string, layer[at + 1] as string];
      if (cost(right, left) < cost(left, right)) [layer[at], layer[at + 1]] = [right, left];
    }
  });
  return copy;
}

function crossed(
  left: readonly string[] | undefined,
  right: readonly string[] | undefined,
  place: ReadonlyMap<string, number>,
): number {
  let count = 0;
  for (const a of left ?? []) for (const b of right ?? []) if ((place.get(a) ?? 0) > (place.get(b) ?? 0)) count += 1;
  return count;
}

/** How many pairs of segments cross, over all layers. */
export function crossings(order: readonly (readonly string[])[], down: Neighbours): number {
  let count = 0;
  order.forEach((layer, index) => {
    const below = positions(order[index + 1] ?? []);
    layer.forEach((left, at) => {
      for (const right of layer.slice(at + 1)) count += crossed(down.get(left), down.get(right), below);
    });
  });
  return count;
}

function positions(layer: readonly string[]): ReadonlyMap<string, number> {
  return new Map(layer.map((node, index) => [node, index]));
}

export function median(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] as number) + (sorted[Math.ceil(middle)] as number)) / 2;
}
