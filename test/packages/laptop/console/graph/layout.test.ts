import { readdirSync, readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { type Layout, layOut, type PlacedNode } from '../../../../../packages/laptop/console/graph/layout.ts';
import { machineGraph, START } from '../../../../../packages/laptop/console/graph/machine-graph.ts';
import type {
  MachineDefinition,
  StateDefinition,
} from '../../../../../packages/laptop/services/states/interpreter/definition.ts';

const folder = new URL('../../../../../statemachines/', import.meta.url);
const definitions = readdirSync(folder)
  .filter((name) => name.endsWith('.asl.json'))
  .map((name) => [name, JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as MachineDefinition] as const);

function overlaps(a: PlacedNode, b: PlacedNode): boolean {
  const isBeside = a.x + a.width <= b.x || b.x + b.width <= a.x;
  const isAboveOrBelow = a.y + a.height <= b.y || b.y + b.height <= a.y;
  return !isBeside && !isAboveOrBelow;
}

const isOn = (value: number, from: number, length: number) => value >= from - 0.01 && value <= from + length + 0.01;

/** What makes a picture readable, as far as it can be said in numbers. */
function expectReadable(layout: Layout, states: string[]): void {
  expect(layout.nodes.map(({ name }) => name).sort()).toEqual([START, ...states].sort());
  const byName = new Map(layout.nodes.map((node) => [node.name, node]));
  for (const [index, node] of layout.nodes.entries()) {
    expect(node.x).toBeGreaterThanOrEqual(-0.01);
    expect(node.x + node.width).toBeLessThanOrEqual(layout.width + 0.01);
    expect(node.y + node.height).toBeLessThanOrEqual(layout.height + 0.01);
    expect(layout.nodes.slice(index + 1).filter((other) => overlaps(node, other))).toEqual([]);
    for (const inner of node.inner) {
      expect(inner.x + inner.width).toBeLessThanOrEqual(node.width);
      expect(inner.y + inner.height).toBeLessThanOrEqual(node.height);
    }
  }
  for (const { from, to, points } of layout.edges) {
    const [source, target] = [byName.get(from) as PlacedNode, byName.get(to) as PlacedNode];
    const [[startX, startY], [endX, endY]] = [points[0], points.at(-1)] as [[number, number], [number, number]];
    const isDown = endY > startY;
    expect(startY).toBeCloseTo(isDown ? source.y + source.height : source.y);
    expect(endY).toBeCloseTo(isDown ? target.y : target.y + target.height);
    expect(isOn(startX, source.x, source.width) && isOn(endX, target.x, target.width)).toBe(true);
    // No line runs through a state that it has nothing to do with.
    for (const [x, y] of points.slice(1, -1)) {
      expect(
        layout.nodes.filter((node) => x > node.x && x < node.x + node.width && y > node.y && y < node.y + node.height),
      ).toEqual([]);
    }
  }
}

const innerGraphs = (layout: Layout): Layout[] => [
  layout,
  ...layout.nodes.flatMap(({ inner }) => inner.flatMap(innerGraphs)),
];

test.each(definitions)('%s is drawn with every state and every way on', (_name, definition) => {
  const layout = layOut(machineGraph(definition));
  expectReadable(layout, Object.keys(definition.States));
  const ways = Object.entries(definition.States).flatMap(([from, state]) =>
    [
      state.Next,
      state.Default,
      ...(state.Choices ?? []).map(({ Next }) => Next),
      ...(state.Catch ?? []).map(({ Next }) => Next),
    ]
      .filter((to) => to !== undefined && to !== from)
      .map((to) => `${from} → ${to}`),
  );
  const drawn = new Set(layout.edges.map(({ from, to }) => `${from} → ${to}`));
  expect([...new Set(ways)].filter((way) => !drawn.has(way))).toEqual([]);
});

test('the graph of a Map is inside its state, from its own start', () => {
  const processor = { StartAt: 'Inner', States: { Inner: { Type: 'Pass', End: true } as StateDefinition } };
  const each = { Type: 'Map', ItemProcessor: processor, End: true } as StateDefinition;
  const layout = layOut(machineGraph({ StartAt: 'Each', States: { Each: each } }));
  const inner = innerGraphs(layout);
  expect(inner).toHaveLength(2);
  expect(inner[1]?.edges).toMatchObject([{ from: START, to: 'Inner', kind: 'start' }]);
});

test('a dozen catchers of one handler share their line', () => {
  const names = Array.from({ length: 12 }, (_, index) => `Step${index}`);
  const steps = names.map((name, index): [string, StateDefinition] => [
    name,
    {
      Type: 'Task',
      Resource: 'arn:aws:states:::lambda:invoke',
      Next: names[index + 1] ?? 'Done',
      Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Handler' }],
    },
  ]);
  const ends: Record<string, StateDefinition> = { Done: { Type: 'Succeed' }, Handler: { Type: 'Fail' } };
  const layout = layOut(machineGraph({ StartAt: 'Step0', States: { ...Object.fromEntries(steps), ...ends } }));
  const columns = layout.edges
    .filter(({ kind }) => kind === 'catch')
    .flatMap(({ points }) => points.slice(1, -1).map(([x]) => x));
  expect(columns.length).toBeGreaterThan(100);
  expect(Math.max(...columns) - Math.min(...columns)).toBeLessThan(0.5);
});

test('a way back points upwards', () => {
  const wait: StateDefinition = { Type: 'Wait', Seconds: 1, Next: 'Judge' };
  const judge: StateDefinition = { Type: 'Choice', Choices: [{ Condition: true, Next: 'Done' }], Default: 'Wait' };
  const layout = layOut(
    machineGraph({ StartAt: 'Wait', States: { Wait: wait, Judge: judge, Done: { Type: 'Succeed' } } }),
  );
  const back = layout.edges.find(({ from, to }) => from === 'Judge' && to === 'Wait');
  expect(back?.points[0]?.[1]).toBeGreaterThan(back?.points.at(-1)?.[1] as number);
});

/** Machines of any shape: cycles, states to themselves, states that nobody leads to. */
const anyMachine = fc
  .integer({ min: 1, max: 14 })
  .chain((count) =>
    fc.array(
      fc.record({
        next: fc.option(fc.nat(count - 1), { nil: undefined }),
        choices: fc.array(fc.nat(count - 1), { maxLength: 3 }),
        caught: fc.option(fc.nat(count - 1), { nil: undefined }),
      }),
      { minLength: count, maxLength: count },
    ),
  )
  .map((shapes): MachineDefinition => {
    const name = (index: number) => `State${'x'.repeat(index % 5)}${index}`;
    const states = shapes.map(({ next, choices, caught }, index): [string, StateDefinition] => [
      name(index),
      {
        Type: 'Task',
        ...(next !== undefined && { Next: name(next) }),
        Choices: choices.map((to) => ({ Condition: true, Next: name(to) })),
        ...(caught !== undefined && { Catch: [{ ErrorEquals: ['States.ALL'], Next: name(caught) }] }),
      },
    ]);
    return { StartAt: name(0), States: Object.fromEntries(states) };
  });

test('any machine is drawn without overlaps', () => {
  fc.assert(
    fc.property(anyMachine, (machine) => {
      expectReadable(layOut(machineGraph(machine)), Object.keys(machine.States));
    }),
    { numRuns: 150 },
  );
});
