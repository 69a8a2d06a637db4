import { median, type Segment } from './order.ts';

export interface Box {
  readonly width: number;
  /** Only a place where an edge passes: kept straight before all. */
  readonly isWaypoint: boolean;
}

const SWEEPS = 24;
const GAP = 26;
const WAYPOINT_GAP = 12;
/** So heavy that nothing moves it. */
const PINNED = 1e6;

/**
 * The horizontal centre of everything in ordered layers: as near to the middle of its neighbours as the order and the
 * gaps allow. Each sweep solves one layer exactly: least squares under an order is isotonic regression.
 */
export function placeLayers(
  layers: readonly (readonly string[])[],
  boxes: ReadonlyMap<string, Box>,
  segments: readonly Segment[],
): Map<string, number> {
  const centres = new Map<string, number>();
  const put = (layer: readonly string[], places: readonly number[]) => {
    for (const [index, x] of places.entries()) centres.set(layer[index] as string, x);
  };
  for (const layer of layers) put(layer, packed(layer, boxes));
  const near = new Map<string, string[]>();
  for (const { upper, lower } of segments) {
    near.set(upper, [...(near.get(upper) ?? []), lower]);
    near.set(lower, [...(near.get(lower) ?? []), upper]);
  }
  const relax = (weightOf: (node: string) => number, wantedFor: (node: string) => number) => {
    for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
      for (const layer of sweep % 2 === 0 ? layers : [...layers].reverse()) {
        const weights = layer.map(weightOf);
        put(layer, settle(layer, boxes, layer.map(wantedFor), weights));
      }
    }
  };
  const centreOf = (node: string) => centres.get(node) as number;
  const isWaypoint = (node: string) => boxes.get(node)?.isWaypoint === true;
  relax(
    (node) => (isWaypoint(node) ? 4 : 1),
    (node) => median((near.get(node) ?? []).map(centreOf)) ?? centreOf(node),
  );
  straighten(layers, boxes, segments, centres);
  // Then the long lines stay, and the states come into line with each other.
  relax(
    (node) => (isWaypoint(node) ? PINNED : 1),
    (node) =>
      isWaypoint(node) ? centreOf(node) : (middleOf(near.get(node) ?? [], isWaypoint, centreOf) ?? centreOf(node)),
  );
  const left = Math.min(...[...centres].map(([node, x]) => x - widthOf(boxes, node) / 2));
  return new Map([...centres].map(([node, x]) => [node, x - left]));
}

/** The middle of the states around; of the lines that pass where there is no state. */
function middleOf(
  around: readonly string[],
  isWaypoint: (node: string) => boolean,
  centreOf: (node: string) => number,
): number | undefined {
  const states = around.filter((node) => !isWaypoint(node));
  return median((states.length > 0 ? states : around).map(centreOf));
}

/**
 * Takes the bends out of long lines: the outermost lines first, each line in runs that are as long as the room between
 * its neighbours allows.
 */
function straighten(
  layers: readonly (readonly string[])[],
  boxes: ReadonlyMap<string, Box>,
  segments: readonly Segment[],
  centres: Map<string, number>,
): void {
  const lines = linesOf(boxes, segments);
  const averageOf = (line: readonly string[]) =>
    line.reduce((sum, node) => sum + (centres.get(node) as number), 0) / line.length;
  for (const direction of [1, -1, 1, -1]) {
    for (const line of [...lines].sort((a, b) => (averageOf(b) - averageOf(a)) * direction)) {
      const rooms = line.map((node) => roomOf(node, layers, boxes, centres));
      for (const run of runsOf(rooms)) {
        const places = line.slice(run.from, run.to).map((node) => centres.get(node) as number);
        const x = Math.min(Math.max(median(places) as number, run.least), run.most);
        for (const node of line.slice(run.from, run.to)) centres.set(node, x);
      }
    }
  }
}

/** Chains of waypoints; where several lines join, the chain ends. */
function linesOf(boxes: ReadonlyMap<string, Box>, segments: readonly Segment[]): string[][] {
  const isWaypoint = (node: string) => boxes.get(node)?.isWaypoint === true;
  const next = new Map<string, string>();
  for (const { upper, lower } of segments) if (isWaypoint(upper) && isWaypoint(lower)) next.set(upper, lower);
  const continued = new Set(next.values());
  return [...boxes.keys()]
    .filter((node) => isWaypoint(node) && !continued.has(node))
    .map((first) => {
      const line = [first];
      for (let node = next.get(first); node !== undefined; node = next.get(node)) line.push(node);
      return line;
    });
}

interface Room {
  readonly least: number;
  readonly most: number;
}

function roomOf(
  node: string,
  layers: readonly (readonly string[])[],
  boxes: ReadonlyMap<string, Box>,
  centres: ReadonlyMap<string, number>,
): Room {
  const layer = layers.find((one) => one.includes(node)) as readonly string[];
  const at = layer.indexOf(node);
  const apart = separations(layer, boxes);
  const [before, after] = [layer[at - 1], layer[at + 1]];
  return {
    least: before === undefined ? Number.NEGATIVE_INFINITY : (centres.get(before) as number) + (apart[at] as number),
    most: after === undefined ? Number.POSITIVE_INFINITY : (centres.get(after) as number) - (apart[at + 1] as number),
  };
}

function runsOf(rooms: readonly Room[]): (Room & { from: number; to: number })[] {
  const runs: (Room & { from: number; to: number })[] = [];
  rooms.forEach((room, index) => {
    const run = runs.at(-1);
    const both = run && { least: Math.max(run.least, room.least), most: Math.min(run.most, room.most) };
    if (run && both && both.least <= both.most) runs[runs.length - 1] = { ...both, from: run.from, to: index + 1 };
    else runs.push({ ...room, from: index, to: index + 1 });
  });
  return runs;
}

function widthOf(boxes: ReadonlyMap<string, Box>, node: string): number {
  return boxes.get(node)?.width ?? 0;
}

/** How far the centre of each must be from the one before it. */
function separations(layer: readonly string[], boxes: ReadonlyMap<string, Box>): number[] {
  return layer.map((node, index) => {
    if (index === 0) return 0;
    const before = layer[index - 1] as string;
    const areWaypoints = boxes.get(node)?.isWaypoint && boxes.get(before)?.isWaypoint;
    return (widthOf(boxes, node) + widthOf(boxes, before)) / 2 + (areWaypoints ? WAYPOINT_GAP : GAP);
  });
}

function packed(layer: readonly string[], boxes: ReadonlyMap<string, Box>): number[] {
  let at = 0;
  const places = separations(layer, boxes).map((separation) => {
    at += separation;
    return at;
  });
  return places.map((x) => x - at / 2);
}

/** Pool adjacent violators: what wants to be left of its neighbour in the order is moved together with it. */
function settle(
  layer: readonly string[],
  boxes: ReadonlyMap<string, Box>,
  wanted: readonly number[],
  weights: readonly number[],
): number[] {
  let offset = 0;
  const offsets = separations(layer, boxes).map((separation) => {
    offset += separation;
    return offset;
  });
  const pools: { sum: number; weight: number; size: number }[] = [];
  wanted.forEach((place, index) => {
    const weight = weights[index] as number;
    pools.push({ sum: (place - (offsets[index] as number)) * weight, weight, size: 1 });
    for (let last = pools.length - 1; last > 0; last -= 1) {
      const [before, after] = [pools[last - 1], pools[last]] as [(typeof pools)[0], (typeof pools)[0]];
      if (before.sum / before.weight <= after.sum / after.weight) break;
      pools.splice(last - 1, 2, {
        sum: before.sum + after.sum,
        weight: before.weight + after.weight,
        size: before.size + after.size,
      });
    }
  });
  const means = pools.flatMap(({ sum, weight, size }) => new Array<number>(size).fill(sum / weight));
  return means.map((mean, index) => mean + (offsets[index] as number));
}
