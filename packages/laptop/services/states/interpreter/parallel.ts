import { ExecutionStopped } from './errors.ts';
import { VariableScope } from './expressions.ts';
import { runMachine } from './run-machine.ts';
import type { StateStep } from './state-step.ts';

/** Runs every branch; the first that fails ends the others. https://docs.aws.amazon.com/step-functions/latest/dg/state-parallel.html */
export async function runParallel(step: StateStep): Promise<unknown[]> {
  const { host, trail, scope, signal, context } = step.frame;
  const { Arguments, Branches = [] } = step.state;
  const input = Arguments === undefined ? step.input : await step.evaluate(Arguments, 'Arguments');
  trail.emit('ParallelStateStarted');
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  const trails = Branches.map(() => trail.fork());
  let failed: { index: number; error: unknown } | undefined;
  const results = await Promise.all(
    Branches.map(async (branch, index) => {
      const branchTrail = trails[index] as (typeof trails)[number];
      const frame = { host, scope: new VariableScope(scope), context, trail: branchTrail, signal: both };
      try {
        return await runMachine(branch, input, frame);
      } catch (error) {
        failed ??= { index, error };
        stop.abort(new ExecutionStopped());
        return undefined;
      }
    }),
  );
  signal.throwIfAborted();
  if (!failed) {
    trail.join(trails);
    trail.note('ParallelStateSucceeded');
    return results;
  }
  const { index, error } = failed;
  trail.failAfter(trails[index] as (typeof trails)[number]);
  for (const branch of [trails[index], ...trails.filter((_, other) => other !== index)]) {
    if (branch) trail.noteAborted(branch);
  }
  throw error;
}
