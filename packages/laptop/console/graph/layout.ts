import { type DownwardEdge, downwards, layersOf } from './layers.ts';
import { type EdgeKind, type MachineEdge, type MachineGraph, type MachineNode, START } from './machine-graph.ts';
import { orderLayers, type Segment } from './order.ts';
import { type Box, placeLayers } from './place.ts';

export interface PlacedNode {
  readonly name: string;
  readonly type: MachineNode['type'];
  readonly comment?: string;
  /** Upper left corner, within the graph that holds it. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** The graphs inside a Map or a Parallel, each with its place inside the node. */
  readonly inner: readonly (Layout & { readonly x: number; readonly y: number })[];
}

export interface PlacedEdge {
  readonly from: string;
  readonly to: string;
  readonly kind: EdgeKind;
  readonly errors?: readonly string[];
  /** From the edge of one node to the edge of the other, straight and level pieces between layers. */
  readonly points: readonly (readonly [number, number])[];
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly PlacedNode[];
  readonly edges: readonly PlacedEdge[];
}

const CHARACTER = 7.3;
const LINE = 34;
const LAYER_GAP = 34;
const PADDING = 14;
const HEADING = 30;
const START_SIZE = 18;

/** A picture of a machine: layers from top to bottom, the start above all, ways back upwards. Pure. */
export function layOut(graph: MachineGraph): Layout {
  const sizes = new Map(graph.nodes.map((node) => [node.name, sizeOf(node)]));
  const names = graph.nodes.map((node) => node.name);
  const down = downwards(names, graph.edges);
  const layerOf = layersOf(
    names,
    down.filter((edge) => edge !== undefined),
  );
  const routes = graph.edges.map((edge, index) => routeOf(edge, down[index], layerOf));
  const segments = distinctSegments(routes);
  const boxes = boxesOf(sizes, segments);
  const order = orderLayers(initialLayers(names, layerOf, segments), segments);
  const centres = placeLayers(order, boxes, segments);
  const rows = rowsOf(order, sizes);
  const nodes = graph.nodes.map((node) => placeNode(node, sizes, centres, rows[layerOf.get(node.name) as number]));
  const edges = graph.edges.flatMap((edge, index) =>
    placeEdge(edge, routes[index] as Route, { nodes, centres, rows, layerOf }),
  );
  const last = rows.at(-1);
  const right = Math.max(0, ...[...centres].map(([name, x]) => x + (boxes.get(name)?.width ?? 0) / 2));
  return { width: Math.ceil(right), height: last ? last.top + last.height : 0, nodes, edges };
}

interface Size {
  readonly width: number;
  readonly height: number;
  readonly inner: readonly (Layout & { readonly x: number; readonly y: number })[];
}

function sizeOf(node: MachineNode): Size {
  if (node.name === START) return { width: START_SIZE, height: START_SIZE, inner: [] };
  const label = Math.ceil(node.name.length * CHARACTER) + 52;
  if (node.inner.length === 0) return { width: label, height: LINE, inner: [] };
  let x = PADDING;
  const inner = node.inner.map((graph) => {
    const placed = { ...layOut(graph), x, y: HEADING };
    x += placed.width + PADDING;
    return placed;
  });
  const height = HEADING + Math.max(...inner.map((one) => one.height)) + PADDING;
  if (x >= label) return { width: x, height, inner };
  const shift = (label - x) / 2;
  return { width: label, height, inner: inner.map((one) => ({ ...one, x: one.x + shift })) };
}

/** The nodes and waypoints that an edge passes, from the upper to the lower end. */
interface Route {
  readonly passes: readonly string[];
  readonly isReversed: boolean;
}

/**
 * An edge over several layers has a waypoint in each. Edges of one kind to the same state share theirs, so that a
 * dozen catchers of one handler are one line with a dozen feeders.
 */
function routeOf(edge: MachineEdge, down: DownwardEdge | undefined, layerOf: ReadonlyMap<string, number>): Route {
  if (!down) return { passes: [], isReversed: false };
  const [top, bottom] = [layerOf.get(down.upper) as number, layerOf.get(down.lower) as number];
  const bundle = `${edge.kind === 'catch' ? 'catch' : 'flow'} ${down.isReversed ? 'up' : 'down'} ${edge.to}`;
  const waypoints = Array.from({ length: bottom - top - 1 }, (_, index) => waypoint(bundle, top + 1 + index));
  return { passes: [down.upper, ...waypoints, down.lower], isReversed: down.isReversed };
}

function waypoint(bundle: string, layer: number): string {
  return `${START}${layer} ${bundle}`;
}

function distinctSegments(routes: readonly Route[]): Segment[] {
  const byEnds = new Map<string, Segment>();
  for (const { passes } of routes) {
    for (let at = 0; at + 1 < passes.length; at += 1) {
      const segment = { upper: passes[at] as string, lower: passes[at + 1] as string };
      byEnds.set(JSON.stringify(segment), segment);
    }
  }
  return [...byEnds.values()];
}

function isWaypoint(name: string): boolean {
  return name.startsWith(START) && name !== START;
}

function boxesOf(sizes: ReadonlyMap<string, Size>, segments: readonly Segment[]): Map<string, Box> {
  const boxes = new Map<string, Box>([...sizes].map(([name, { width }]) => [name, { width, isWaypoint: false }]));
  for (const { lower } of segments) if (isWaypoint(lower)) boxes.set(lower, { width: 4, isWaypoint: true });
  return boxes;
}

function initialLayers(
  names: readonly string[],
  layerOf: ReadonlyMap<string, number>,
  segments: readonly Segment[],
): string[][] {
  const layers: string[][] = [];
  const put = (name: string, layer: number) => {
    while (layers.length <= layer) layers.push([]);
    if (!layers[layer]?.includes(name)) layers[layer]?.push(name);
  };
  for (const name of names) put(name, layerOf.get(name) as number);
  for (const { lower } of segments) if (isWaypoint(lower)) put(lower, Number.parseInt(lower.slice(START.length), 10));
  return layers;
}

interface Row {
  readonly top: number;
  readonly height: number;
}

function rowsOf(order: readonly (readonly string[])[], sizes: ReadonlyMap<string, Size>): Row[] {
  let top = 0;
  return order.map((layer) => {
    const height = Math.max(0, ...layer.map((name) => sizes.get(name)?.height ?? 0));
    const row = { top, height };
    top += height + LAYER_GAP;
    return row;
  });
}

function placeNode(
  node: MachineNode,
  sizes: ReadonlyMap<string, Size>,
  centres: ReadonlyMap<string, number>,
  row: Row | undefined,
): PlacedNode {
  const { width, height, inner } = sizes.get(node.name) as Size;
  const x = (centres.get(node.name) as number) - width / 2;
  const { name, type, comment } = node;
  return { name, type, ...(comment && { comment }), x, y: row?.top ?? 0, width, height, inner };
}

function placeEdge(
  edge: MachineEdge,
  { passes, isReversed }: Route,
  placed: {
    readonly nodes: readonly PlacedNode[];
    readonly centres: ReadonlyMap<string, number>;
    readonly rows: readonly Row[];
    readonly layerOf: ReadonlyMap<string, number>;
  },
): PlacedEdge[] {
  if (passes.length === 0) return [];
  const node = (name: string) => placed.nodes.find((one) => one.name === name) as PlacedNode;
  const [upper, lower] = [node(passes[0] as string), node(passes.at(-1) as string)];
  const centre = (one: PlacedNode) => one.x + one.width / 2;
  // A way back leaves and arrives beside the middle, where the way down is.
  const aside = isReversed ? 14 : 0;
  const points: [number, number][] = [[centre(upper) + aside, upper.y + upper.height]];
  for (const name of passes.slice(1, -1)) {
    const row = placed.rows[Number.parseInt(name.slice(START.length), 10)] as Row;
    const x = placed.centres.get(name) as number;
    points.push([x, row.top], [x, row.top + row.height]);
  }
  points.push([centre(lower) + aside, lower.y]);
  const { from, to, kind, errors } = edge;
  return [{ from, to, kind, ...(errors && { errors }), points: isReversed ? points.reverse() : points }];
}
