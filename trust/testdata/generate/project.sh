# Lets in the project 22222222-bbbb-4000-8000-000000000002 of the space 11111111-aaaa-4000-8000-000000000001.
aws iam create-open-id-connect-provider \
  --url 'https://sallyport.example.com' \
  --client-id-list sts.amazonaws.com \
  --thumbprint-list abababababababababababababababababababab
aws iam create-role \
  --role-name 'deploy' \
  --assume-role-policy-document '{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Principal": {
        "Federated": "arn:aws:iam::111122223333:oidc-provider/sallyport.example.com"
      },
      "Action": [
        "sts:AssumeRoleWithWebIdentity",
        "sts:TagSession",
        "sts:SetSourceIdentity"
      ],
      "Condition": {
        "StringEquals": {
          "sallyport.example.com:aud": "sts.amazonaws.com"
        },
        "StringLike": {
          "sallyport.example.com:sub": "space/11111111-aaaa-4000-8000-000000000001/project/22222222-bbbb-4000-8000-000000000002/environment/*"
        }
      }
    }
  ]
}'
aws iam attach-role-policy \
  --role-name 'deploy' \
  --policy-arn 'arn:aws:iam::aws:policy/ReadOnlyAccess'
