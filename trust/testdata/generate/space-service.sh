# Lets in every project of the space 11111111-aaaa-4000-8000-000000000001.
aws iam create-role \
  --role-name 'deploy' \
  --assume-role-policy-document '{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Principal": {
        "Service": [
          "codecatalyst-runner.amazonaws.com",
          "codecatalyst.amazonaws.com"
        ]
      },
      "Action": "sts:AssumeRole",
      "Condition": {
        "ArnLike": {
          "aws:SourceArn": "arn:aws:codecatalyst:::space/11111111-aaaa-4000-8000-000000000001/project/*"
        }
      }
    }
  ]
}'
