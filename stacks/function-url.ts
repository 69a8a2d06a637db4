import * as lambda from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';

/**
 * A URL at which everybody may invoke a function. Since October 2025 that takes two permissions: on the URL, and on the
 * function when the URL calls it. They are written as resources, since older versions of the CDK write the first one only.
 * https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
 */
export class PublicFunctionUrl extends Construct {
  readonly url: string;

  constructor(scope: Construct, id: string, { functionArn }: lambda.IFunction) {
    super(scope, id);
    const authType = 'NONE';
    const url = new lambda.CfnUrl(this, 'Url', { targetFunctionArn: functionArn, authType });
    new lambda.CfnPermission(this, 'InvokeUrl', {
      action: 'lambda:InvokeFunctionUrl',
      functionName: functionArn,
      principal: '*',
      functionUrlAuthType: authType,
    });
    const throughUrl = new lambda.CfnPermission(this, 'InvokeThroughUrl', {
      action: 'lambda:InvokeFunction',
      functionName: functionArn,
      principal: '*',
    });
    // Older versions of the CDK do not know this property.
    throughUrl.addPropertyOverride('InvokedViaFunctionUrl', true);
    this.url = url.attrFunctionUrl;
  }
}
