import type { MachineDefinition, StateDefinition } from './definition.ts';
import type { Frame } from './frame.ts';
import { StateStep } from './state-step.ts';

/** Runs a machine to its end. @throws StatesError as the execution fails, ExecutionStopped when it was stopped */
export async function runMachine(definition: MachineDefinition, input: unknown, frame: Frame): Promise<unknown> {
  let name = definition.StartAt;
  let data = input;
  for (;;) {
    frame.signal.throwIfAborted();
    const state = definition.States[name] as StateDefinition;
    const { output, next } = await new StateStep(name, state, data, frame).run();
    if (next === undefined) return output;
    name = next;
    data = output;
  }
}
