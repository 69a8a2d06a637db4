import { ExecutionStopped, StatesError } from './errors.ts';
import { evaluate, VariableScope } from './expressions.ts';
import { runMachine, type StateStep } from './run-machine.ts';

const INLINE_CONCURRENCY = 40;
const DISTRIBUTED_CONCURRENCY = 10_000;

interface Tolerance {
  readonly count: number;
}

/**
 * A Map: inline inside this execution, or distributed with an execution for each item. A distributed Map goes on while
 * failures are tolerated. https://docs.aws.amazon.com/step-functions/latest/dg/state-map.html
 */
export async function runMap(step: StateStep): Promise<unknown[]> {
  const { host, trail, signal } = step.frame;
  const isDistributed = step.state.ItemProcessor?.ProcessorConfig?.Mode === 'DISTRIBUTED';
  const items = await batch(step, await selectItems(step));
  const most = isDistributed ? DISTRIBUTED_CONCURRENCY : INLINE_CONCURRENCY;
  const concurrency = Math.min((await step.number(step.state.MaxConcurrency, 'MaxConcurrency')) || most, most);
  const tolerance = await toleranceOf(step, items.length, isDistributed);
  trail.emit(host, 'MapStateStarted', { mapStateStartedEventDetails: { length: items.length } });
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const results: unknown[] = new Array(items.length);
  const failures: StatesError[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length && !both.aborted) {
      const index = next;
      next += 1;
      try {
        results[index] = await (isDistributed
          ? runDistributed(step, items[index], index, both)
          : runInline(step, items[index], index, both));
      } catch (error) {
        if (!(error instanceof StatesError)) throw error;
        failures.push(error);
        results[index] = { Error: error.error, Cause: error.causeText };
        if (failures.length > tolerance.count) stop.abort(new ExecutionStopped());
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, worker));
  signal.throwIfAborted();
  if (failures.length > tolerance.count) {
    trail.emit(host, 'MapStateFailed');
    if (isDistributed)
      throw new StatesError(
        'States.ExceedToleratedFailureThreshold',
        'The specified tolerated failure threshold was exceeded',
      );
    throw failures[0] as StatesError;
  }
  trail.emit(host, 'MapStateSucceeded');
  return results;
}

/** Items, or the input; each through ItemSelector, which sees it as $states.context.Map.Item. */
async function selectItems(step: StateStep): Promise<unknown[]> {
  const items = step.state.Items === undefined ? step.input : await step.evaluate(step.state.Items, 'Items');
  if (!Array.isArray(items)) {
    throw new StatesError(
      'States.QueryEvaluationError',
      `The Items of state '${step.name}' must be an array, came ${typeof items}.`,
    );
  }
  if (step.state.ItemSelector === undefined) return items;
  const variables = step.frame.scope.all();
  return Promise.all(
    items.map((Value, Index) =>
      evaluate(
        step.state.ItemSelector,
        { input: step.input, context: step.context({ Map: { Item: { Index, Value } } }) },
        variables,
        'ItemSelector',
      ),
    ),
  );
}

async function batch(step: StateStep, items: unknown[]): Promise<unknown[]> {
  const batcher = step.state.ItemBatcher;
  if (!batcher) return items;
  const size = (await step.number(batcher.MaxItemsPerBatch, 'ItemBatcher/MaxItemsPerBatch')) ?? items.length;
  const BatchInput =
    batcher.BatchInput === undefined ? undefined : await step.evaluate(batcher.BatchInput, 'ItemBatcher/BatchInput');
  const batches: unknown[] = [];
  for (let start = 0; start < items.length; start += size) {
    batches.push({ ...(BatchInput !== undefined && { BatchInput }), Items: items.slice(start, start + size) });
  }
  return batches;
}

async function toleranceOf(step: StateStep, length: number, isDistributed: boolean): Promise<Tolerance> {
  if (!isDistributed) return { count: 0 };
  const count = await step.number(step.state.ToleratedFailureCount, 'ToleratedFailureCount');
  const percentage = await step.number(step.state.ToleratedFailurePercentage, 'ToleratedFailurePercentage');
  const limits = [count, percentage === undefined ? undefined : (percentage / 100) * length].filter(
    (limit) => limit !== undefined,
  );
  return { count: limits.length === 0 ? 0 : Math.min(...limits) };
}

async function runInline(step: StateStep, item: unknown, index: number, signal: AbortSignal): Promise<unknown> {
  const { host, scope, trail } = step.frame;
  const processor = step.state.ItemProcessor as NonNullable<typeof step.state.ItemProcessor>;
  const branch = trail.fork();
  branch.emit(host, 'MapIterationStarted', { mapIterationStartedEventDetails: { name: step.name, index } });
  try {
    const context = { ...step.frame.context, Map: { Item: { Index: index, Value: item } } };
    const result = await runMachine(processor, item, {
      host,
      scope: new VariableScope(scope),
      context,
      trail: branch,
      signal,
    });
    branch.emit(host, 'MapIterationSucceeded', { mapIterationSucceededEventDetails: { name: step.name, index } });
    return result;
  } catch (error) {
    const type = error instanceof StatesError ? 'MapIterationFailed' : 'MapIterationAborted';
    branch.emit(host, type, { [`${type[0]?.toLowerCase()}${type.slice(1)}EventDetails`]: { name: step.name, index } });
    throw error;
  }
}

async function runDistributed(step: StateStep, item: unknown, index: number, signal: AbortSignal): Promise<unknown> {
  const { host } = step.frame;
  if (!host.runChild) throw new StatesError('States.Runtime', 'This host runs no distributed Map.');
  const definition = step.state.ItemProcessor as NonNullable<typeof step.state.ItemProcessor>;
  return host.runChild({ definition, input: item, label: step.state.Label ?? step.name, index, signal });
}
