import { DescribeEventBusCommand, type EventBridgeClient } from '@aws-sdk/client-eventbridge';
import type { Finding } from '../contracts/audit.ts';
import { type BusParties, busStatements } from '../contracts/bus-policy.ts';
import { isNamed } from '../errors.ts';

/**
 * Compares the policy of the pipeline's bus with the one that was deployed. A principal that can change it can put requests and false
 * stories. https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DescribeEventBus.html
 */
export async function findBusPolicy(client: Pick<EventBridgeClient, 'send'>, parties: BusParties): Promise<Finding[]> {
  const name = parties.busArn.slice(parties.busArn.indexOf('/') + 1);
  const expected = { Version: '2012-10-17', Statement: busStatements(parties) };
  try {
    const { Policy } = await client.send(new DescribeEventBusCommand({ Name: name }));
    if (!Policy) return [found(name, 'it has no policy.', expected)];
    const isSame = JSON.stringify(statementsOf(JSON.parse(Policy))) === JSON.stringify(statementsOf(expected));
    return isSame ? [] : [found(name, 'its policy is not the one that was deployed.', expected)];
  } catch (error) {
    if (!isNamed(error, 'ResourceNotFoundException')) throw error;
    return [found(name, 'it is not there: deploy the stack again.', expected)];
  }
}

function found(name: string, what: string, expected: object): Finding {
  return {
    code: 'BusPolicyChanged',
    secretArn: '',
    secretName: name,
    message: `event bus ${name}: ${what} Until the policy is put back, others may request rotations and publish a story that did not happen.`,
    command: `aws events put-permission --event-bus-name ${name} --policy '${JSON.stringify(expected)}'`,
    isSafe: false,
  };
}

/** AWS may answer one value as a list, lists in another order, and `*` as `{"AWS": "*"}`. */
function statementsOf({ Statement }: { Statement?: unknown }): string[] {
  return [Statement].flat().map(canonical).sort();
}

function canonical(statement: unknown): string {
  return JSON.stringify(statement, (key, value) => {
    if (key === 'Principal' && value?.AWS === '*') return '*';
    if (Array.isArray(value)) return value.length === 1 ? value[0] : [...value].sort();
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
