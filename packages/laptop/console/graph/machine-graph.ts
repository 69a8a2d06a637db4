import type { MachineDefinition, StateDefinition } from '../../services/states/interpreter/definition.ts';

export type EdgeKind = 'start' | 'next' | 'choice' | 'default' | 'catch';

export interface MachineNode {
  readonly name: string;
  readonly type: StateDefinition['Type'] | 'Start';
  readonly comment?: string;
  /** What a Map or a Parallel runs inside. */
  readonly inner: readonly MachineGraph[];
}

export interface MachineEdge {
  readonly from: string;
  readonly to: string;
  readonly kind: EdgeKind;
  /** The errors that a catcher takes. */
  readonly errors?: readonly string[];
}

export interface MachineGraph {
  readonly nodes: readonly MachineNode[];
  readonly edges: readonly MachineEdge[];
}

/** No state can be called so: names have at most 80 characters. https://states-language.net/#state-machine-structure */
export const START = '(start)'.padEnd(81, '.');

/** The states of a machine and how each goes on; two ways between the same states are one edge, the plainest of them. */
export function machineGraph(machine: MachineDefinition): MachineGraph {
  const states = Object.entries(machine.States);
  return {
    nodes: [{ name: START, type: 'Start', inner: [] }, ...states.map(([name, state]) => nodeOf(name, state))],
    edges: distinct([
      { from: START, to: machine.StartAt, kind: 'start' },
      ...states.flatMap(([name, state]) => edgesOf(name, state)),
    ]),
  };
}

function nodeOf(name: string, state: StateDefinition): MachineNode {
  const inner = [...(state.ItemProcessor ? [state.ItemProcessor] : []), ...(state.Branches ?? [])];
  return {
    name,
    type: state.Type,
    ...(state.Comment && { comment: state.Comment }),
    inner: inner.map(machineGraph),
  };
}

function edgesOf(from: string, state: StateDefinition): MachineEdge[] {
  return [
    ...(state.Next ? [{ from, to: state.Next, kind: 'next' as const }] : []),
    ...(state.Choices ?? []).map(({ Next }) => ({ from, to: Next, kind: 'choice' as const })),
    ...(state.Default ? [{ from, to: state.Default, kind: 'default' as const }] : []),
    ...(state.Catch ?? []).map(({ Next, ErrorEquals }) => ({
      from,
      to: Next,
      kind: 'catch' as const,
      errors: ErrorEquals,
    })),
  ];
}

function distinct(edges: MachineEdge[]): MachineEdge[] {
  const byEnds = new Map<string, MachineEdge>();
  for (const edge of edges) {
    const ends = JSON.stringify([edge.from, edge.to]);
    if (!byEnds.has(ends)) byEnds.set(ends, edge);
  }
  return [...byEnds.values()];
}
