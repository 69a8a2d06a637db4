export interface Parameter {
  readonly name: string;
  readonly arn: string;
  readonly type: 'String' | 'StringList' | 'SecureString';
  readonly value: string;
  readonly version: number;
  readonly modifiedAt: Date;
  readonly modifiedBy: string;
  readonly keyId?: string;
  readonly tier: 'Standard' | 'Advanced';
  readonly description?: string;
  readonly allowedPattern?: string;
  readonly dataType: string;
  labels: string[];
  /** The same for all versions. */
  readonly tags: Map<string, string>;
}

export interface PutInput {
  readonly Name: string;
  readonly Value: string;
  readonly Type?: Parameter['type'];
  readonly KeyId?: string;
  readonly Overwrite?: boolean;
  readonly AllowedPattern?: string;
  readonly Description?: string;
  readonly Tier?: 'Standard' | 'Advanced' | 'Intelligent-Tiering';
  readonly DataType?: string;
  readonly Policies?: string;
  readonly Tags?: readonly { readonly Key?: string; readonly Value?: string }[];
}
