/**
 * The name under which IAM allows an operation. Mostly it is the operation's own; for the rest see the Service
 * Authorization Reference, "Actions, resources, and condition keys for" each service.
 */

/** As IAM policies spell them. */
export type AwsService = 'greengrass' | 'iam' | 'iot' | 's3' | 'sts'

const others: Readonly<Record<string, string>> = {
  's3:CompleteMultipartUpload': 's3:PutObject',
  's3:CreateMultipartUpload': 's3:PutObject',
  's3:GetPublicAccessBlock': 's3:GetBucketPublicAccessBlock',
  's3:GetBucketEncryption': 's3:GetEncryptionConfiguration',
  's3:HeadBucket': 's3:ListBucket',
  's3:HeadObject': 's3:GetObject',
  's3:ListObjectsV2': 's3:ListBucket',
  's3:PutBucketEncryption': 's3:PutEncryptionConfiguration',
  's3:PutPublicAccessBlock': 's3:PutBucketPublicAccessBlock',
  's3:UploadPart': 's3:PutObject',
}

/** `s3:GetObject` of S3's `HeadObject`. */
export const iamAction = (service: AwsService, operation: string): string =>
  others[`${service}:${operation}`] ?? `${service}:${operation}`
