import { randomUUID } from 'node:crypto';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SFNClient } from '@aws-sdk/client-sfn';
import { reportRotationWith } from '../../pipeline/reports/rotation-report.ts';
import { adoptWith } from '../../pipeline/rotation/adopt.ts';
import type { RotationFunction } from '../../pipeline/rotation/rotation-function.ts';
import { serve } from '../../pipeline/rotation/serve.ts';
import { environmentText, readEnvironment } from './environment.ts';
import { openKind, type ServedKind } from './served-kind.ts';
import { describeError, writeLog } from './write-log.ts';

/** The Lambda handler of one secret kind's rotation function. */
export function rotatorHandler<Payload, Settings>(
  kind: ServedKind<Payload, Settings>,
): (event: unknown) => Promise<unknown> {
  const environment = readEnvironment({
    KEYTURN_SETTINGS_PREFIX: environmentText,
    KEYTURN_ROTATE_SECRET_STATE_MACHINE_ARN: environmentText,
    EVENT_BUS_NAME: environmentText,
  });
  const rotationFunction: RotationFunction<Payload, Settings> = {
    ...openKind(kind, environment.KEYTURN_SETTINGS_PREFIX),
    adopt: adoptWith({
      client: new SFNClient({}),
      stateMachineArn: environment.KEYTURN_ROTATE_SECRET_STATE_MACHINE_ARN,
    }),
    report: reportRotationWith({
      client: new EventBridgeClient({}),
      busName: environment.EVENT_BUS_NAME,
      newId: randomUUID,
      warn: (message, error) => writeLog('WARN', message, { error: error instanceof Error ? error.name : 'unknown' }),
    }),
  };
  return async (event) => {
    try {
      return await serve(rotationFunction as RotationFunction, event);
    } catch (error) {
      writeLog('ERROR', 'The rotation function failed.', { error: describeError(error) });
      throw error;
    }
  };
}
