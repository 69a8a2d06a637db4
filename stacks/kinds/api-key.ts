import * as iam from 'aws-cdk-lib/aws-iam';
import { apiKeySettings } from '../../pipeline/contracts/kinds/api-key.ts';
import { parse } from '../../pipeline/contracts/parse.ts';
import { ApiKeySettings } from '../../pipeline/contracts/settings/api-key.ts';
import { secretByText } from '../manifest/resolve-references.ts';
import type { DeployedKind } from './deployed-kind.ts';

export const deployedApiKey = {
  memoryMegabytes: 512,
  rotatorProps: (scope, name, entry) => {
    const rotator = apiKeySettings(entry);
    const settings = parse(`The parameters of ${name}`, ApiKeySettings, rotator);
    if (settings.provider !== 'http') return { rotator };
    return { rotator, reads: [secretByText(scope, `AdminKey:${name}`, settings.admin.secretArn)] };
  },
  grantTarget: (rotationFunction, entry) => {
    const settings = parse('The parameters', ApiKeySettings, apiKeySettings(entry));
    if (!('userName' in settings)) return;
    const user = iam.User.fromUserName(rotationFunction, `User-${settings.userName}`, settings.userName);
    rotationFunction.mayManageKeysOf(user, settings.provider);
  },
} satisfies DeployedKind<'api-key'>;
