import { setMaxListeners } from 'node:events';
import { EvaluationFault, ExecutionStopped, StatesError } from './errors.ts';
import { evaluate, evaluateAs, VariableScope } from './expressions.ts';
import type { MapRunHandle, MapRunLimits } from './frame.ts';
import { runMachine } from './run-machine.ts';
import type { StateStep } from './state-step.ts';
import type { Trail } from './trail.ts';

const INLINE_CONCURRENCY = 40;
const DISTRIBUTED_CONCURRENCY = 10_000;

/** What one iteration gets: the item as it was, and what ItemSelector made of it. */
interface Item {
  readonly original: unknown;
  readonly selected: unknown;
}

/** https://docs.aws.amazon.com/step-functions/latest/dg/state-map.html */
export async function runMap(step: StateStep): Promise<unknown[]> {
  const isDistributed = step.state.ItemProcessor?.ProcessorConfig?.Mode === 'DISTRIBUTED';
  const limits = await limitsOf(step);
  const items = await selectItems(step);
  const { trail } = step.frame;
  if (!isDistributed) {
    trail.emit('MapStateStarted', { mapStateStartedEventDetails: { length: items.length } });
    return runInline(step, items, Math.min(limits.maxConcurrency || INLINE_CONCURRENCY, INLINE_CONCURRENCY));
  }
  const batches = await batch(step, items);
  trail.emit('MapStateStarted', { mapStateStartedEventDetails: { length: items.length } });
  return runDistributed(step, batches, limits);
}

async function limitsOf(step: StateStep): Promise<MapRunLimits> {
  const { MaxConcurrency, ToleratedFailureCount, ToleratedFailurePercentage } = step.state;
  return {
    maxConcurrency: (await step.number(MaxConcurrency, 'MaxConcurrency')) ?? 0,
    toleratedFailureCount: await step.number(ToleratedFailureCount, 'ToleratedFailureCount'),
    toleratedFailurePercentage: await step.number(ToleratedFailurePercentage, 'ToleratedFailurePercentage'),
  };
}

/** Items, or the input; each through ItemSelector, which sees it as $states.context.Map.Item. */
async function selectItems(step: StateStep): Promise<Item[]> {
  const { Items, ItemSelector } = step.state;
  const items = Items === undefined ? step.input : await evaluateAs('array', Items, step.sight(), 'Items');
  if (!Array.isArray(items))
    throw new EvaluationFault(`Map state input must be an array but was: ${JSON.stringify(items)}`);
  if (ItemSelector === undefined) return items.map((item) => ({ original: item, selected: item }));
  const selected: Item[] = [];
  for (const [Index, Value] of items.entries()) {
    const sight = step.sight({ context: step.context({ Map: { Item: { Index, Value } } }) });
    selected.push({ original: Value, selected: await evaluate(ItemSelector, sight, 'ItemSelector') });
  }
  return selected;
}

interface Batch {
  readonly input: unknown;
  readonly items: number;
}

/** https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itembatcher.html */
async function batch(step: StateStep, items: readonly Item[]): Promise<Batch[]> {
  const batcher = step.state.ItemBatcher;
  if (!batcher) return items.map(({ selected }) => ({ input: selected, items: 1 }));
  const most = (await step.number(batcher.MaxItemsPerBatch, 'ItemBatcher/MaxItemsPerBatch')) || items.length;
  const mostBytes =
    (await step.number(batcher.MaxInputBytesPerBatch, 'ItemBatcher/MaxInputBytesPerBatch')) || Number.POSITIVE_INFINITY;
  const BatchInput =
    batcher.BatchInput === undefined ? undefined : await step.evaluate(batcher.BatchInput, 'ItemBatcher/BatchInput');
  const inputOf = (Items: unknown[]) => ({ ...(BatchInput !== undefined && { BatchInput }), Items });
  const groups: unknown[][] = [];
  for (const { selected } of items) {
    const group = groups.at(-1);
    const isFull =
      !group || group.length >= most || Buffer.byteLength(JSON.stringify(inputOf([...group, selected]))) > mostBytes;
    if (isFull) groups.push([selected]);
    else group.push(selected);
  }
  return groups.map((group) => ({ input: inputOf(group), items: group.length }));
}

interface Iteration {
  readonly index: number;
  readonly trail: Trail;
  isOver: boolean;
}

/** Runs the items inside this execution; the first that fails ends the others. */
async function runInline(step: StateStep, items: readonly Item[], concurrency: number): Promise<unknown[]> {
  const { trail, signal } = step.frame;
  const stop = new AbortController();
  const both = eitherOf(signal, stop.signal);
  const results: unknown[] = new Array(items.length);
  const iterations: Iteration[] = [];
  let failed: { iteration: Iteration; error: unknown } | undefined;
  const begin = (worker: Trail): Iteration | undefined => {
    const index = iterations.length;
    if (index >= items.length || both.aborted) return undefined;
    worker.emit('MapIterationStarted', { mapIterationStartedEventDetails: { name: step.name, index } });
    const iteration = { index, trail: worker, isOver: false };
    iterations.push(iteration);
    return iteration;
  };
  const workers = Array.from({ length: Math.min(concurrency, items.length) }, () => trail.fork());
  const first = workers.map(begin);
  await Promise.all(
    workers.map(async (worker, number) => {
      for (let iteration = first[number]; iteration; iteration = begin(worker)) {
        const { index } = iteration;
        try {
          results[index] = await runItem(step, items[index] as Item, iteration, both);
        } catch (error) {
          failed ??= { iteration, error };
          stop.abort(new ExecutionStopped());
          return;
        }
        iteration.isOver = true;
        worker.note('MapIterationSucceeded', { mapIterationSucceededEventDetails: { name: step.name, index } });
      }
    }),
  );
  signal.throwIfAborted();
  if (failed) throw failInline(step, failed, iterations);
  trail.join(workers);
  trail.note('MapStateSucceeded');
  return results;
}

function runItem(step: StateStep, item: Item, { index, trail }: Iteration, signal: AbortSignal): Promise<unknown> {
  const { host, scope } = step.frame;
  const processor = step.state.ItemProcessor as NonNullable<typeof step.state.ItemProcessor>;
  const context = { ...step.frame.context, Map: { Item: { Index: index, Value: item.original } } };
  return runMachine(processor, item.selected, { host, scope: new VariableScope(scope), context, trail, signal });
}

/** As many listen to it as run at once: Node would call more than ten of them a leak. */
function eitherOf(signal: AbortSignal, stop: AbortSignal): AbortSignal {
  const both = AbortSignal.any([signal, stop]);
  setMaxListeners(0, both);
  return both;
}

/** Notes which iteration failed and which were aborted, and answers the error. */
function failInline(
  step: StateStep,
  { iteration, error }: { iteration: Iteration; error: unknown },
  iterations: readonly Iteration[],
): unknown {
  const { trail } = step.frame;
  trail.failAfter(iteration.trail);
  const open = iterations.filter((other) => !other.isOver && other !== iteration);
  for (const [type, { index, trail: branch }] of [
    ['Failed', iteration] as const,
    ...open.map((other) => ['Aborted', other] as const),
  ]) {
    trail.note(`MapIteration${type}`, { [`mapIteration${type}EventDetails`]: { name: step.name, index } });
    trail.noteAborted(branch);
  }
  return error;
}

/** Runs each batch as an execution of its own, while the failures are tolerated. */
async function runDistributed(step: StateStep, batches: readonly Batch[], limits: MapRunLimits): Promise<unknown[]> {
  const { host, trail, signal } = step.frame;
  const run = await host.startMapRun({
    definition: step.state.ItemProcessor as NonNullable<typeof step.state.ItemProcessor>,
    label: step.state.Label,
    limits,
    children: batches.map(({ items }) => items),
  });
  trail.emit('MapRunStarted', { mapRunStartedEventDetails: { mapRunArn: run.arn } });
  const { results, isExceeded } = await runChildren(run, batches, signal);
  if (signal.aborted) run.end('ABORTED');
  signal.throwIfAborted();
  if (!isExceeded) {
    run.end('SUCCEEDED');
    trail.emit('MapRunSucceeded');
    trail.note('MapStateSucceeded');
    return results;
  }
  run.end('FAILED');
  const error = new StatesError(
    'States.ExceedToleratedFailureThreshold',
    'The specified tolerated failure threshold was exceeded',
  );
  trail.emit('MapRunFailed', { mapRunFailedEventDetails: { error: error.error, cause: error.causeText } });
  throw error;
}

async function runChildren(run: MapRunHandle, batches: readonly Batch[], signal: AbortSignal) {
  const stop = new AbortController();
  const both = eitherOf(signal, stop.signal);
  const results: unknown[] = new Array(batches.length);
  let failures = 0;
  let next = 0;
  let running = 0;
  await new Promise<void>((resolve) => {
    const fill = () => {
      if (running === 0 && (next >= batches.length || both.aborted)) return resolve();
      const most = Math.min(run.limits.maxConcurrency || DISTRIBUTED_CONCURRENCY, DISTRIBUTED_CONCURRENCY);
      while (running < most && next < batches.length && !both.aborted) {
        const index = next;
        next += 1;
        running += 1;
        const { input, items } = batches[index] as Batch;
        run
          .runChild({ input, index, items, signal: both })
          .then((result) => {
            results[index] = result;
          })
          .catch((error: unknown) => {
            failures += 1;
            results[index] = failureOf(error);
            if (isExceeded(run.limits, failures, batches.length)) stop.abort(new ExecutionStopped());
          })
          .finally(() => {
            running -= 1;
            fill();
          });
      }
    };
    fill();
  });
  return { results, isExceeded: isExceeded(run.limits, failures, batches.length) };
}

function failureOf(error: unknown): Record<string, unknown> {
  if (error instanceof StatesError) return { Error: error.error, Cause: error.causeText };
  return { Error: 'States.TaskFailed', Cause: error instanceof Error ? error.message : String(error) };
}

/** Either limit is enough; without any, no failure is tolerated. */
function isExceeded(limits: MapRunLimits, failures: number, total: number): boolean {
  const { toleratedFailureCount: count, toleratedFailurePercentage: percentage } = limits;
  if (count === undefined && percentage === undefined) return failures > 0;
  if (count !== undefined && failures > count) return true;
  return percentage !== undefined && total > 0 && (failures / total) * 100 > percentage;
}
