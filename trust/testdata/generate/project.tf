# Lets in the project 22222222-bbbb-4000-8000-000000000002 of the space 11111111-aaaa-4000-8000-000000000001.
resource "aws_iam_openid_connect_provider" "sallyport" {
  url            = "https://sallyport.example.com"
  client_id_list = ["sts.amazonaws.com"]

  thumbprint_list = ["abababababababababababababababababababab"]
}

resource "aws_iam_role" "sallyport" {
  name = "deploy"

  assume_role_policy = jsonencode({
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
  })

  depends_on = [aws_iam_openid_connect_provider.sallyport]
}

resource "aws_iam_role_policy_attachment" "sallyport" {
  for_each = toset(["arn:aws:iam::aws:policy/ReadOnlyAccess"])

  role       = aws_iam_role.sallyport.name
  policy_arn = each.value
}

output "role_arn" {
  description = "To add to the connection"
  value       = aws_iam_role.sallyport.arn
}
