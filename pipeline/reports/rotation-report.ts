import type { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { secretNameOf } from '../contracts/settings/settings-parameter.ts';
import type { RotationReport } from '../rotation/rotation-function.ts';
import { describeError, tell } from './story.ts';

/**
 * Tells each native step on the bus. A step never fails because its event was not accepted: the labels are the state.
 * What could not be told is logged, and the audit finds what nobody heard of.
 */
export function reportRotationWith(dependencies: {
  client: EventBridgeClient;
  newId(): string;
  warn(message: string, error: unknown): void;
}): RotationReport {
  const attempt = async (work: Promise<void>, step: string) => {
    try {
      await work;
    } catch (error) {
      dependencies.warn(`The event of step ${step} could not be put on the bus.`, error);
    }
  };
  return {
    stepSucceeded: ({ secret, token, name, durationMilliseconds }) =>
      attempt(
        tell(dependencies.client, {
          type: 'Rotation Step Succeeded',
          id: dependencies.newId(),
          detail: {
            secretArn: secret.arn,
            secretName: secret.name,
            versionId: token,
            step: name,
            durationMilliseconds,
          },
        }),
        name,
      ),
    stepFailed: ({ secretArn, token, name, error }) =>
      attempt(
        tell(dependencies.client, {
          type: 'Rotation Step Failed',
          id: dependencies.newId(),
          detail: {
            secretArn,
            secretName: secretNameOf(secretArn),
            versionId: token,
            step: name,
            ...describeError(error),
          },
        }),
        name,
      ),
  };
}
