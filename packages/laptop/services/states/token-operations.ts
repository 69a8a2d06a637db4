import type { Operation } from '../../cloud.ts';
import { check, longest } from '../constraints.ts';
import type { TaskTokens } from './task-tokens.ts';

const access = (action: string) => () => [{ action: `states:${action}`, resource: '*' }];

/** The answers to task tokens. https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-wait-token */
export function tokenOperations(tokens: TaskTokens): Record<string, Operation> {
  return {
    SendTaskSuccess: {
      validate: (input) => check(['output', input.output, longest(262_144)]),
      access: access('SendTaskSuccess'),
      handle: (input: { taskToken: string; output: string }) => {
        tokens.succeed(input.taskToken, input.output);
        return {};
      },
    },
    SendTaskFailure: {
      validate: (input) => check(['error', input.error, longest(256)], ['cause', input.cause, longest(32_768)]),
      access: access('SendTaskFailure'),
      handle: (input: { taskToken: string; error?: string; cause?: string }) => {
        tokens.fail(input.taskToken, input.error, input.cause);
        return {};
      },
    },
    SendTaskHeartbeat: {
      access: access('SendTaskHeartbeat'),
      handle: (input: { taskToken: string }) => {
        tokens.heartbeat(input.taskToken);
        return {};
      },
    },
  };
}
