import type { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { secretNameOf } from '../contracts/settings/settings-parameter.ts';
import type { RotationReport } from '../rotation/rotation-function.ts';
import { describeError, publish } from './story.ts';

/**
 * Publishes each native step on the pipeline's bus. A step never fails because its event was not accepted: the labels are the
 * state. What could not be published is logged, and the audit finds it.
 */
export function reportRotationWith(dependencies: {
  client: EventBridgeClient;
  busName: string;
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
    endFailed: ({ secretArn, token, error }) =>
      dependencies.warn(
        `${secretNameOf(secretArn)}: AWSPENDING could not be detached from ${token}, whose rotation failed for good.`,
        error,
      ),
    stepSucceeded: ({ secret, token, name, durationMilliseconds }) =>
      attempt(
        publish(dependencies.client, dependencies.busName, {
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
        publish(dependencies.client, dependencies.busName, {
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
