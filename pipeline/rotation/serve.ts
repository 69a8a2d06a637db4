import { parse } from '../contracts/parse.ts';
import { RotationEvent, WorkflowRequest } from '../contracts/rotation-event.ts';
import { type RotationFunction, rotate, serveWorkflow } from './rotation-function.ts';

/** One invocation of a rotation function: a step from Secrets Manager, or a request from the workflow. */
export async function serve(rotationFunction: RotationFunction, event: unknown): Promise<unknown> {
  if (typeof event === 'object' && event !== null && 'operation' in event) {
    return serveWorkflow(rotationFunction, parse('The workflow request', WorkflowRequest, event));
  }
  await rotate(rotationFunction, parse('The rotation event', RotationEvent, event));
  return undefined;
}
