# Lets in every project of the space 11111111-aaaa-4000-8000-000000000001.
resource "aws_iam_role" "sallyport" {
  name = "deploy"

  assume_role_policy = jsonencode({
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
  })
}

output "role_arn" {
  description = "To add to the connection"
  value       = aws_iam_role.sallyport.arn
}
