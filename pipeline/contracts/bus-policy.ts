/** Who may put events on a pipeline's bus: its own roles the whole story, requesters a request. */
export interface BusParties {
  readonly busArn: string;
  readonly publishers: string[];
  readonly requesters: string[];
}

export const REQUEST = 'Rotation Requested';

export interface BusStatement {
  readonly Sid: string;
  readonly Effect: 'Deny';
  readonly Principal: '*';
  readonly Action: 'events:PutEvents';
  readonly Resource: string;
  readonly Condition: Readonly<Record<string, Readonly<Record<string, string | string[]>>>>;
}

/**
 * The bus's policy. In one account an identity policy is enough to put events on any bus, so it denies. `aws:PrincipalArn` is
 * the ARN of the role, not of its session, and a key that is missing does not equal anything; an event is put with others in
 * one call, and each of them has a detail-type. An administrator is denied as well.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html
 */
export function busStatements({ busArn, publishers, requesters }: BusParties): [BusStatement, BusStatement] {
  const denied = { Effect: 'Deny', Principal: '*', Action: 'events:PutEvents', Resource: busArn } as const;
  const othersThan = (roles: string[]) => ({ ArnNotEquals: { 'aws:PrincipalArn': roles } });
  return [
    { Sid: 'OthersPutNothing', ...denied, Condition: othersThan([...publishers, ...requesters]) },
    {
      Sid: 'RequestersPutRequests',
      ...denied,
      Condition: { ...othersThan(publishers), 'ForAnyValue:StringNotEquals': { 'events:detail-type': REQUEST } },
    },
  ];
}
