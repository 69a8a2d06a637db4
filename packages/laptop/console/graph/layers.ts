/** An edge as the layout sees it: downwards, whatever its direction in the machine. */
export interface DownwardEdge {
  readonly upper: string;
  readonly lower: string;
  /** It goes back in the machine, so it is laid out turned round. */
  readonly isReversed: boolean;
}

interface Ends {
  readonly from: string;
  readonly to: string;
}

/**
 * Turns round the edges that close a cycle, found from the start in the order of the edges: a way back (wait again) points
 * upwards in the picture. An edge of a state to itself has no place in layers and is left out.
 */
export function downwards(nodes: readonly string[], edges: readonly Ends[]): (DownwardEdge | undefined)[] {
  const outgoing = new Map<string, number[]>(nodes.map((node) => [node, []]));
  edges.forEach((edge, index) => {
    outgoing.get(edge.from)?.push(index);
  });
  const state = new Map<string, 'open' | 'closed'>();
  const back = new Set<number>();
  const visit = (node: string): void => {
    state.set(node, 'open');
    for (const index of outgoing.get(node) ?? []) {
      const { to } = edges[index] as Ends;
      if (state.get(to) === 'open') back.add(index);
      else if (!state.has(to)) visit(to);
    }
    state.set(node, 'closed');
  };
  for (const node of nodes) if (!state.has(node)) visit(node);
  return edges.map(({ from, to }, index) => {
    if (from === to) return undefined;
    return back.has(index)
      ? { upper: to, lower: from, isReversed: true }
      : { upper: from, lower: to, isReversed: false };
  });
}

/** The layer of each node: one below the lowest of those above it. */
export function layersOf(nodes: readonly string[], edges: readonly DownwardEdge[]): Map<string, number> {
  const above = new Map<string, string[]>(nodes.map((node) => [node, []]));
  for (const { upper, lower } of edges) above.get(lower)?.push(upper);
  const layers = new Map<string, number>();
  const layerOf = (node: string): number => {
    const known = layers.get(node);
    if (known !== undefined) return known;
    const layer = Math.max(-1, ...(above.get(node) ?? []).map(layerOf)) + 1;
    layers.set(node, layer);
    return layer;
  };
  for (const node of nodes) layerOf(node);
  return layers;
}
