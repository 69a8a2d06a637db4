import { type IntegratedService, optimizedService, sdkService } from './integrated-services.ts';

/** A Task's resource, taken apart. */
export type TaskResource =
  | { readonly kind: 'function'; readonly arn: string }
  | {
      readonly kind: 'optimized' | 'sdk';
      readonly service: IntegratedService;
      /** `lambda`, `aws-sdk:secretsmanager` */
      readonly type: string;
      readonly action: string;
      readonly pattern: 'request' | 'sync' | 'sync:2' | 'waitForTaskToken';
    };

const INTEGRATION =
  /^arn:[^:]+:states:[^:]*:[^:]*:((?:aws-sdk:)?[a-zA-Z0-9-]+):([a-zA-Z0-9]+)(?:\.(sync:2|sync|waitForTaskToken))?$/;

/** Undefined for what Step Functions, or the laptop, has no integration with. */
export function parseResource(resource: string): TaskResource | undefined {
  if (/^arn:[^:]+:lambda:/.test(resource)) return { kind: 'function', arn: resource };
  const [, type = '', action = '', suffix] = resource.match(INTEGRATION) ?? [];
  const pattern = (suffix ?? 'request') as 'request' | 'sync' | 'sync:2' | 'waitForTaskToken';
  const isSdk = type.startsWith('aws-sdk:');
  const service = isSdk ? sdkService(type.slice('aws-sdk:'.length)) : optimizedService(type, action);
  if (!service) return undefined;
  // Only nested executions are waited for; a function that is waited for is asked again by its token.
  if (pattern.startsWith('sync') && (isSdk || type !== 'states')) return undefined;
  return { kind: isSdk ? 'sdk' : 'optimized', service, type, action, pattern };
}

/** What is wrong with a Task's resource, in AWS's words; undefined when it can be called. */
export function resourceProblem(resource: string, machineType: 'STANDARD' | 'EXPRESS'): string | undefined {
  if (/^arn:[^:]+:states:[^:]*:\d{12}:activity:/.test(resource)) {
    if (machineType === 'EXPRESS') return 'Express state machine does not support Activity ARN';
    return `The resource ${resource} is an activity, which the laptop does not have.`;
  }
  if (machineType === 'EXPRESS' && resource.endsWith('.waitForTaskToken'))
    return "Express state machine does not support '.waitForTaskToken' service integration ";
  if (machineType === 'EXPRESS' && /\.sync(:2)?$/.test(resource))
    return "Express state machine does not support '.sync' service integration";
  return parseResource(resource) ? undefined : notRecognized(resource);
}

export const notRecognized = (resource: string) =>
  `The resource provided ${resource} is not recognized. The value is not a valid resource ARN, or the resource is not available in this region.`;
