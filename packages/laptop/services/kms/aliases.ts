import { AwsError, type Call, type Operation } from '../../cloud.ts';
import { type KmsState, notFound } from './state.ts';
import { keyAccess } from './use.ts';

/** https://docs.aws.amazon.com/kms/latest/developerguide/alias-access.html: a permission on the alias and one on the key. */
export function aliasOperations(state: KmsState): Record<string, Operation> {
  const aliasArn = (name: string, call: Call) => `arn:aws:kms:${call.region}:${call.accountId}:${name}`;
  const aliasOf = (name: string, call: Call) => {
    const alias = state.region(call.region).aliases.get(name);
    if (!alias) throw notFound(`Alias ${aliasArn(name, call)} is not found.`);
    return alias;
  };
  const access = (name: string) => (input: { AliasName: string; TargetKeyId?: string }, call: Call) => {
    const key = state.find(call.region, input.TargetKeyId ?? aliasOf(input.AliasName, call).keyId);
    return [
      { action: `kms:${name}`, resource: aliasArn(input.AliasName, call) },
      keyAccess(key, `kms:${name}`, {}, call.accountId),
    ];
  };
  return {
    CreateAlias: {
      validate: (input) => checkAliasName(input.AliasName),
      access: access('CreateAlias'),
      handle: (input, call) => {
        if (state.region(call.region).aliases.has(input.AliasName)) {
          throw new AwsError(
            'AlreadyExistsException',
            `An alias with the name ${aliasArn(input.AliasName, call)} already exists`,
          );
        }
        state.addAlias(call.region, input.AliasName, state.find(call.region, input.TargetKeyId));
      },
    },
    UpdateAlias: {
      validate: (input) => checkAliasName(input.AliasName),
      access: access('UpdateAlias'),
      handle: (input, call) => {
        const alias = aliasOf(input.AliasName, call);
        alias.keyId = state.find(call.region, input.TargetKeyId).id;
        alias.updateDate = call.cloud.clock.now();
      },
    },
    DeleteAlias: {
      validate: (input) => checkAliasName(input.AliasName),
      access: access('DeleteAlias'),
      handle: (input, call) => {
        state.region(call.region).aliases.delete(aliasOf(input.AliasName, call).name);
      },
    },
    ListAliases: {
      access: () => [{ action: 'kms:ListAliases', resource: '*' }],
      handle: (input, call) => {
        const keyId = input.KeyId === undefined ? undefined : state.find(call.region, input.KeyId).id;
        const aliases = [...state.region(call.region).aliases.values()]
          .filter((alias) => keyId === undefined || alias.keyId === keyId)
          .map((alias) => ({
            AliasName: alias.name,
            AliasArn: alias.arn,
            TargetKeyId: alias.keyId,
            CreationDate: alias.createDate,
            LastUpdatedDate: alias.updateDate,
          }));
        return { Aliases: aliases, Truncated: false };
      },
    },
  };
}

function checkAliasName(name: string): void {
  if (!/^alias\/[a-zA-Z0-9/_-]{1,250}$/.test(name)) {
    throw new AwsError(
      'ValidationException',
      `Alias must start with the prefix "alias/" and hold letters, digits, /, _ and - only.`,
    );
  }
  if (name.startsWith('alias/aws/')) throw new AwsError('NotAuthorizedException', '');
}
